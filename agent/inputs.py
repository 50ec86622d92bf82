"""The files that a job is given, brought from the hub before its connector runs.

`inputs` in the payload lists them: `{"name": "photo.png", "artifact": "<sha256>"}`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from agent.connectors.base import InputFile
from shared.digests import SHA256

Download = Callable[[str, Path], Awaitable[None]]
"""Writes the artifact with this SHA-256 to a path; raises `ConnectorError`."""


@asynccontextmanager
async def inputs_of(
    payload: dict[str, Any], download: Download
) -> AsyncGenerator[tuple[InputFile, ...]]:
    """Yield the files of the payload, which are removed afterwards. Raises what `download` does.

    A service may have a field called `inputs` of its own: what does not look like files is its.
    """
    entries = list(_entries(payload.get("inputs")))
    if not entries:
        yield ()
        return
    with TemporaryDirectory(prefix="emp-inputs-") as folder:
        files: list[InputFile] = []
        for place, (name, sha256) in enumerate(entries):
            files.append(InputFile(name, Path(folder) / str(place)))
            await download(sha256, files[-1].path)
        yield tuple(files)


def _entries(listed: object) -> Iterator[tuple[str, str]]:
    for entry in cast("list[object]", listed) if isinstance(listed, list) else ():
        match entry:
            case {"name": str() as name, "artifact": str() as sha256} if SHA256.fullmatch(sha256):
                yield name, sha256
            case _:
                pass
