"""The two pipes of an engine: what it writes, and the lifeline by which its watcher knows the agent.

The watcher is a shell in the engine's process group. It holds an end of both, so that neither breaks
when the agent is killed, and the next agent opens the other ends anew, through /proc.
"""

import asyncio
import fcntl
import logging
import os

log = logging.getLogger(__name__)

_KEPT_BYTES = 1024 * 1024  # of what an engine writes while there is no agent; then it waits for one
_LIFELINE, _OUTPUT = 3, 4  # of the watcher

# The shell becomes the engine. Its standard input is the lifeline, where each line tells for how
# many seconds the group may live on without an agent. The lifeline ends however the agent ends,
# also by SIGKILL; another agent may tell again before the time is up. Its standard error is the
# end of the output that is read, which the watcher holds only.
GUARDED = """
exec 3<&0 4<&2 </dev/null 2>&1
(trap '' TERM INT HUP QUIT
left=0
while :; do
  if read -r told <&3; then left=$told
  elif [ "$left" -gt 0 ]; then left=$((left - 1)); sleep 1
  else kill -KILL 0
  fi
done) >/dev/null 2>&1 &
echo $!
exec 3<&- 4<&-
exec "$@"
"""


def widen(output: int) -> None:
    """Let the pipe keep more of what an engine writes."""
    try:
        fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, _KEPT_BYTES)
    except OSError as problem:  # the system's limit for one user
        log.debug("the output of an engine has no more room: %s", problem)


async def reader(end: int) -> asyncio.StreamReader:
    """What comes out of a pipe."""
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(end, "rb", 0)
    )
    return stream


def reopened(watcher: int) -> tuple[int, int]:
    """The agent's ends of lifeline and output, of an engine that was left. Raises `OSError`."""
    lifeline = os.open(f"/proc/{watcher}/fd/{_LIFELINE}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        output = os.open(f"/proc/{watcher}/fd/{_OUTPUT}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(lifeline)
        raise
    return lifeline, output


def tell(lifeline: int, seconds: float) -> None:
    """Let the engine live on for so long without an agent, in whole seconds."""
    os.write(lifeline, b"%d\n" % round(seconds))
