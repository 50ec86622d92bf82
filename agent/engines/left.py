"""What is kept on disk of an engine that runs: by it the next agent finds one that was left."""

import json
import logging
import os
from pathlib import Path

from attrs import asdict, define, frozen

from agent.engines.recipes import Recipe
from agent.own_files import lock_alone, write_private

log = logging.getLogger(__name__)

_STATE, _GROUP, _STARTED = 0, 2, 19  # places in /proc/PID/stat behind the program's name


@frozen(kw_only=True)
class Being:
    """A process, and when it started, in ticks: another one may get its number, not both."""

    pid: int
    since: int

    @classmethod
    def of(cls, pid: int) -> "Being":
        """The process that has this number now. Raises `OSError`."""
        return cls(pid=pid, since=int(_stat(pid)[_STARTED]))

    def lives(self) -> bool:
        """Whether it is still this one, and has not ended."""
        try:
            stat = _stat(self.pid)
        except OSError:
            return False
        return int(stat[_STARTED]) == self.since and stat[_STATE] != "Z"


@frozen(kw_only=True)
class Left:
    """An engine as it was started, and the watcher in its process group."""

    engine: Being
    watcher: Being
    port: int
    cwd: str
    gpu: str | None  # what it may see of the GPUs
    argv: tuple[str, ...]

    @classmethod
    def by(cls, recipe: Recipe, engine: Being, watcher: Being) -> "Left":
        """What is kept of a start by this recipe."""
        return cls(
            engine=engine,
            watcher=watcher,
            port=recipe.port,
            cwd=str(recipe.cwd),
            gpu=recipe.environ.get("CUDA_VISIBLE_DEVICES"),
            argv=recipe.argv,
        )

    def is_by(self, recipe: Recipe) -> bool:
        """Whether the same recipe would start it again."""
        return self == Left.by(recipe, self.engine, self.watcher)

    def is_watched(self) -> bool:
        """Whether the group of the engine is the one that was started, and its watcher lives."""
        try:
            return self.watcher.lives() and int(_stat(self.watcher.pid)[_GROUP]) == self.engine.pid
        except OSError:  # it has ended just now
            return False

    def text(self) -> str:
        """What its file holds."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Left":
        """Read it again. Raises `ValueError`, `KeyError` or `TypeError` for another text."""
        told = json.loads(text)
        beings = {name: Being(**told.pop(name)) for name in ("engine", "watcher")}
        return cls(**told | beings | {"argv": tuple(told["argv"])})


@define(eq=False)
class Keepsake:
    """The place on disk where one engine is kept. Without a folder nothing is."""

    _folder: Path | None = None
    _lock: int | None = None

    @classmethod
    def at(cls, folder: Path) -> "Keepsake":
        """The place in this folder; one that keeps nothing if another agent has it, or it cannot be."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(folder, lock_alone(folder / "engine.lock"))
        except BlockingIOError:
            log.warning("an engine will end with the agent: another agent has %s", folder)
        except OSError as problem:
            log.warning("an engine will end with the agent: %s", problem)
        return cls()

    def close(self) -> None:
        """Let another agent have the place."""
        self._folder = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def put(self, left: Left) -> bool:
        """Keep an engine; whether it is kept."""
        if (path := self._path) is None:
            return False
        try:
            write_private(path, left.text())
        except OSError as problem:
            log.warning("an engine will end with the agent: %s", problem)
            return False
        return True

    def find(self) -> Left | None:
        """What an earlier agent has left."""
        if (path := self._path) is None or not path.exists():
            return None
        try:
            return Left.read(path.read_text())
        except (OSError, ValueError, KeyError, TypeError) as problem:
            log.warning("%s is not readable and is removed: %s", path, problem)
            self.forget()
            return None

    def forget(self) -> None:
        """The engine has ended."""
        if path := self._path:
            path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path | None:
        return self._folder / "engine.json" if self._folder else None


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
