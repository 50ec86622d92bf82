"""A connector of your own: run it with `emp-agent run --connectors examples/connector.py`.

The file needs one function, `make_connector(environ)`. What it returns is any object with the parts of
`agent.connectors.base.Connector`. This one turns a text around, slowly.
"""

import asyncio
from collections.abc import Mapping

from agent.connectors.base import (
    ConnectorError,
    Offer,
    OutputFile,
    Progress,
    Report,
    Result,
    Work,
)
from shared.states import ErrorClass


class Reverser:
    """Runs jobs of type `reverse`: `{"text": "..."}`."""

    name = "reverser"
    slots = 4  # attempts at the same time

    def __init__(self, letter_s: float) -> None:
        self._letter_s = letter_s

    async def open(self) -> None:
        """Connect to the service; raise ConnectorError if it cannot be used."""

    async def close(self) -> None:
        """Let go of every connection."""

    async def offer(self) -> Offer:
        """Say which types of jobs are run here, and which models are there."""
        return Offer(services=("reverse",), models=("letters",))

    async def run(self, work: Work, report: Report) -> Result:
        """Run one attempt: return a Result, or raise ConnectorError."""
        text = work.payload.get("text")
        if not isinstance(text, str):
            # The class decides whether another try can help: a bad payload stays bad.
            raise ConnectorError(
                f"text must be a text, got {text!r}", error_class=ErrorClass.VALIDATION
            )
        for number in range(1, len(text) + 1):
            # A cancelled attempt ends here with CancelledError. With a service behind it, catch
            # that, tell the service to stop, and raise it again.
            await asyncio.sleep(self._letter_s)
            report(Progress(percent=100 * number / len(text), message=text[:number]))
        turned = text[::-1]
        file = OutputFile(filename="turned.txt", mime_type="text/plain", content=turned.encode())
        return Result(data={"text": turned}, files=(file,))


def make_connector(environ: Mapping[str, str]) -> Reverser:
    """Return the connector. Settings come from the environment."""
    return Reverser(letter_s=float(environ.get("REVERSER_LETTER_S", "0.1")))
