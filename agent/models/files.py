"""The files of weights below some folders."""

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import frozen

from shared.graph_needs import is_model_name
from shared.messages import MAX_MODEL_FILES

log = logging.getLogger(__name__)


@frozen
class Stamp:
    """What changes when the content of a file does."""

    size_bytes: int
    mtime_ns: int
    inode: int


@frozen
class Found:
    """A file as it was when looked at."""

    path: str
    stamp: Stamp


def look(roots: Iterable[Path]) -> dict[str, Found]:
    """The files by their names below the folders, with "/" between; blocks.

    Of two with the same name the first folder's counts. Those beyond what a hub takes are left out.
    """
    found: dict[str, Found] = {}
    for root in roots:
        for path in _files(root):
            if len(found) >= MAX_MODEL_FILES:
                log.warning("more than %d files of models: %s is left out", len(found), path)
                return found
            if (stamp := stamp_of(path)) is not None:
                found.setdefault(Path(path).relative_to(root).as_posix(), Found(path, stamp))
    return found


def stamp_of(path: str) -> Stamp | None:
    """The file's stamp now; None if it cannot be looked at, as a link that leads nowhere."""
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of them
    except OSError as problem:
        log.debug("%s: %s", path, problem)
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _files(root: Path) -> Iterator[str]:
    # Models are often linked from elsewhere; a link to a folder above would never end.
    seen = set[str]()
    for folder, below, names in os.walk(root, followlinks=True):
        if (real := os.path.realpath(folder)) in seen:
            below.clear()
            continue
        seen.add(real)
        below.sort()
        yield from (os.path.join(folder, name) for name in sorted(names) if is_model_name(name))  # noqa: PTH118 - thousands of them
