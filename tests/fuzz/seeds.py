"""Writes one frame of every message, as seeds for the fuzzer: `python -m tests.fuzz.seeds FOLDER`."""

import sys
from pathlib import Path

from hub.described import example
from shared.messages import MESSAGES


def write(folder: Path) -> int:
    """How many were written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, cls in MESSAGES.items():
        (folder / name).write_text(example(cls))
    return len(MESSAGES)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
