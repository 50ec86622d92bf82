"""Result files on this machine's disk."""

import filecmp
import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory

from hub.demo.client import HubClient, ResultFile


async def save_file(hub: HubClient, file: ResultFile, directory: Path) -> Path:
    """Download a file into `directory` and return where it is.

    An equal file that is there already is used again; a different one of the same name stays,
    and the new one gets a number. Raises `DemoError` and `OSError`.
    """
    with _beside(directory) as arrived:
        await hub.download(file, arrived)
        return _put(arrived, directory / _base_name(file))


@contextmanager
def _beside(directory: Path) -> Generator[Path]:
    """Give a path for what is on its way; on the same disk, so that it can be moved in one step."""
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory, prefix=".download-") as private:
        yield Path(private) / "file"


def _base_name(file: ResultFile) -> str:
    """Return the last part of the name, by the rules of any system; no name leads elsewhere."""
    name = "".join(c if c.isprintable() else "_" for c in PureWindowsPath(file.filename).name)
    return file.sha256 if name in {"", ".", ".."} else name


def _put(arrived: Path, wanted: Path) -> Path:
    return arrived.replace(next(path for path in _numbered(wanted) if _is_ours(path, arrived)))


def _is_ours(path: Path, arrived: Path) -> bool:
    try:
        path.open("xb").close()
    except FileExistsError:
        return path.is_file() and filecmp.cmp(arrived, path, shallow=False)
    return True


def _numbered(path: Path) -> Iterator[Path]:
    others = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return itertools.chain([path], others)
