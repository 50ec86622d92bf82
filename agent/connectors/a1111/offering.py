"""What an AUTOMATIC1111 has, for the worker's offer."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import PurePath, PureWindowsPath
from typing import Any

from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.flavour import Flavour


async def model_names(engine: Engine, flavour: Flavour) -> tuple[str, ...]:
    """Return every model by its file's name and without the suffix, as jobs write either."""
    lists = [await engine.rows(name) or [] for name in ("sd-models", "loras", flavour.vae_list)]
    return tuple(sorted(set(_names(chain.from_iterable(lists)))))


def _names(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        path = row.get("filename") or row.get("path")
        if isinstance(path, str):
            file = PurePath(PureWindowsPath(path).as_posix())
            yield from (file.name, file.stem)
