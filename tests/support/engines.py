"""Checkouts of stand-in engines, and what became of their processes."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import psutil
from attrs import frozen

from agent.engines import KINDS, MAIN, EngineSettings, Recipe

PROGRAM = Path(__file__).parents[1] / "fakes" / "engines" / "program.py"


@frozen
class Checkout:
    """The folder of a stand-in engine."""

    kind: str
    directory: Path

    @classmethod
    def make(cls, kind: str, directory: Path, **behaviour: object) -> "Checkout":
        """Lay out an engine that behaves so."""
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROGRAM, directory / MAIN[kind])
        made = cls(kind, directory)
        made.behave(**behaviour)
        return made

    def behave(self, **behaviour: object) -> None:
        """From its next start on."""
        (self.directory / "behaviour.json").write_text(json.dumps(behaviour))

    def recipe(self, port: int, **changes: Any) -> Recipe:
        """How to start it."""
        given: dict[str, Any] = {
            "directory": self.directory,
            "python": Path(sys.executable),
            "port": port,
            "state_dir": self.directory / "state",
            "environ": dict(os.environ),
        }
        return KINDS[self.kind](EngineSettings(**given | changes), port)

    @property
    def facts(self) -> dict[str, Any]:
        """What its last start told of itself."""
        path = self.directory / "facts.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def heard(self) -> list[str]:
        """The paths it was asked for."""
        path = self.directory / "heard.txt"
        return path.read_text().splitlines() if path.exists() else []


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
