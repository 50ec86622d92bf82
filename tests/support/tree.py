"""The files of this repository."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "agent", "shared")


@cache
def files() -> list[Path]:
    """Every file that is or is about to be tracked, relative to ROOT."""
    # The directory may belong to another user than the one who tests, as in containers.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [Path(name) for name in listing.split("\0") if name]
    return sorted(path for path in set(paths) if (ROOT / path).is_file())


def sources(suffix: str, *tops: str) -> list[Path]:
    """Files with this suffix below these top-level directories."""
    return [path for path in files() if path.suffix == suffix and path.parts[0] in tops]


def text(path: Path) -> str:
    """What a file of the repository says."""
    return (ROOT / path).read_text(encoding="utf-8")
