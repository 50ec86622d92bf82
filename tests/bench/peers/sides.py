"""The queues that are measured, and how each is started."""

from pathlib import Path

from attrs import frozen

Command = tuple[str, ...]

_HERE = Path(__file__).parent
_PYTHON = str(_HERE.parents[2] / ".venv-bench/bin/python")


@frozen
class Side:
    """One queue, as the commands that speak the protocol of README.md."""

    name: str
    command: Command
    """Starts its worker or its producer, by the words that follow."""
    front: Command = ()
    """What stands between those two and the server, if anything.

    Started first, with the server's URL as the last word; its first line is the URL that
    worker and producer get.
    """


PEERS = (
    Side("saq", (_PYTHON, str(_HERE / "scripts/saq_peer.py"))),
    Side("dramatiq", (_PYTHON, str(_HERE / "scripts/dramatiq_peer.py"))),
    Side("bullmq", ("node", str(_HERE / "bullmq/peer.mjs"))),
)
