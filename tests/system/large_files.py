"""A connector whose jobs make one large file, for an agent in a process of its own."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp

from agent.connectors.base import Offer, OutputFile, Progress, Report, Result, Work

PIECE = 1024 * 1024


class LargeFiles:
    """Runs jobs of type `large`: `{"pieces": 200}`, of a MiB each."""

    name = "large"
    slots = 1

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def offer(self) -> Offer:
        return Offer(services=("large",))

    async def run(self, work: Work, report: Report) -> Result:
        report(Progress(percent=1))
        handle, name = mkstemp()
        with os.fdopen(handle, "wb") as file:
            for number in range(work.payload["pieces"]):
                file.write(number.to_bytes(4) * (PIECE // 4))
        path = Path(name)
        return Result(
            files=(
                OutputFile(
                    filename="v.mp4", mime_type="video/mp4", content=path, is_temporary=True
                ),
            )
        )


def make_connector(environ: Mapping[str, str]) -> LargeFiles:
    return LargeFiles()
