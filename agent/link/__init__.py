"""The agent's talk with the hub. Nothing outside this package knows how it goes.

`connection` is the socket, `worker` what is said on it for one worker, `outbox` what has to
arrive, `progress` and `outgoing` what may be thinned, `upload` the way of the files.
"""
