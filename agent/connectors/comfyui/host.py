"""The machine that a ComfyUI runs on, as far as its jobs must know it."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from agent.connectors.answers import is_array
from shared.graph_needs import is_model_name
from shared.graphs import Graph

_WINDOWS = frozenset({"nt", "win32"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_KINDS = ("output", "input")


@frozen(kw_only=True)
class Host:
    """Its separator between folders, and its folders, as far as they can be reached from here."""

    separator: str = "/"
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, system: dict[str, Any], url: str) -> "Host":
        """Read `system` of /system_stats of the ComfyUI at `url`."""
        if system.get("os") in _WINDOWS:
            return cls(separator="\\")
        argv = system.get("argv")
        if urlsplit(url).hostname not in _LOOPBACK or not is_array(argv):
            return cls()
        return cls(folders=tuple(_folders([str(each) for each in argv])))

    def adapted(self, graph: Graph) -> Graph:
        """The graph naming models as this machine does: `sdxl/a.sft`, or `sdxl\\a.sft` on Windows."""
        return {node_id: self._adapted(node) for node_id, node in graph.items()}

    def _adapted(self, node: dict[str, Any]) -> dict[str, Any]:
        inputs = node["inputs"]
        changed = {
            name: value.replace("\\", "/").replace("/", self.separator)
            for name, value in inputs.items()
            if is_model_name(value) and "://" not in value
        }
        return node | {"inputs": inputs | changed} if changed else node

    def clear(self, folder: str) -> None:
        """Remove what a job has left under its own folder, and whatever is empty above it."""
        if PurePath(folder).is_absolute() or ".." in PurePath(folder).parts:
            return
        for root in self.folders:
            shutil.rmtree(root / folder, ignore_errors=True)
            with suppress(OSError):  # other attempts of the job, or other jobs, have files there
                for parent in (root / folder).relative_to(root).parents[:-1]:
                    (root / parent).rmdir()


def _folders(argv: list[str]) -> Iterator[Path]:
    """Yield where ComfyUI writes, by the options it was started with."""
    values = dict(pairwise(argv))
    base = values.get("--base-directory", str(PurePath(argv[0]).parent) if argv else "")
    for kind in _KINDS:
        folder = Path(values.get(f"--{kind}-directory", f"{base}/{kind}"))
        if folder.is_absolute() and folder.is_dir():
            yield folder
