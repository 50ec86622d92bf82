"""Models are told at once, and hashed one by one while nothing else is to do."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from attrs import define, field

from agent.models import Digests, Shelf
from agent.models import hashing as hashing_module
from agent.models import shelf as shelf_module
from agent.models.files import Found, look
from agent.models.hashing import Hasher
from shared.messages import ModelFile
from tests.support.waiting import wait_until

CONTENT = os.urandom(3 << 20)  # more than one piece
SHA = hashlib.sha256(CONTENT).hexdigest()


@define
class Room:
    """A shelf with one folder, and what it has told."""

    root: Path
    state: Path
    busy: bool = False
    told: list[dict[str, ModelFile]] = field(factory=list, init=False)

    @asynccontextmanager
    async def shelf(self, *, hashes: bool = True, every_s: float = 0.02) -> AsyncGenerator[Shelf]:
        shelf = Shelf(
            {"comfyui": (self.root,)},
            Digests(self.state / "models.jsonl"),
            lambda: self.told.append(shelf.files(("comfyui",))),
            lambda: self.busy,
            every_s,
            hashes,
        )
        running = asyncio.create_task(shelf.run())
        yield shelf
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(hashing_module, "PAUSE_S", 0.01)
    room = Room(tmp_path / "models", tmp_path / "state")
    room.root.mkdir()
    (room.root / "a.safetensors").write_bytes(CONTENT)
    return room


def file(sha256: str | None, name: str = "a") -> ModelFile:
    return ModelFile(f"comfyui/{name}.safetensors", len(CONTENT), sha256)


async def test_sizes_are_told_at_once_and_digests_when_they_are_known(room: Room) -> None:
    async with room.shelf() as shelf:
        await wait_until(lambda: len(room.told) > 1)
        assert shelf.names("comfyui") == (f"sha256:{SHA}",)
        assert shelf.files(()) == {}
    assert [[*each.values()] for each in room.told] == [[file(None)], [file(SHA)]]


async def test_all_workers_share_what_is_told_and_what_stays_is_not_made_anew(room: Room) -> None:
    async with room.shelf() as shelf:
        await wait_until(lambda: len(room.told) > 1)
        (told,) = shelf.files(("comfyui",)).values()
        assert next(iter(shelf.files(("comfyui", "a1111")).values())) is told
        assert shelf.names("comfyui") is shelf.names("comfyui")
        (room.root / "b.safetensors").write_bytes(CONTENT)
        await wait_until(lambda: len(room.told[-1]) > 1)
        assert room.told[-1][told.name] is told


async def test_what_comes_and_goes_is_told_as_it_happens(room: Room) -> None:
    async with room.shelf():
        await wait_until(lambda: len(room.told) > 1)
        (room.root / "a.safetensors").rename(room.root / "b.safetensors")
        await wait_until(lambda: [*room.told[-1].values()] == [file(SHA, "b")])
        (room.root / "b.safetensors").unlink()
        await wait_until(lambda: room.told[-1] == {})


async def test_nothing_is_read_while_a_job_runs(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = spied(monkeypatch)
    room.busy = True
    async with room.shelf():
        await wait_until(lambda: len(room.told) > 0)
        assert read == []
        room.busy = False
        await wait_until(lambda: len(room.told) > 1)
    assert len(read) == 3  # two pieces, and the end


def spied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The niceness of the thread at each reading."""
    read: list[int] = []
    whole: Callable[..., bool] = Hasher._read  # pyright: ignore[reportPrivateUsage]

    def spy(self: Hasher, *arguments: object) -> bool:
        read.append(os.getpriority(os.PRIO_PROCESS, 0))
        return whole(self, *arguments)

    monkeypatch.setattr(Hasher, "_read", spy)
    return read


async def test_a_restart_reads_nothing_again_and_the_thread_steps_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = spied(monkeypatch)
    async with room.shelf():
        await wait_until(lambda: len(room.told) > 1)
    assert set(read) == {19}
    read.clear()
    async with room.shelf():
        await wait_until(lambda: len(room.told) > 2)
    assert [*room.told[-1].values()] == [file(SHA)]
    assert read == []


async def test_hashing_can_be_left_out(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    read = spied(monkeypatch)
    async with room.shelf(hashes=False):
        await wait_until(lambda: len(room.told) > 0)
        (room.root / "b.safetensors").write_bytes(b"x")
        await wait_until(lambda: len(room.told) > 1)
    assert read == []


async def test_many_digests_are_told_of_together_and_looks_go_on_between(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "bcd":
        (room.root / f"{name}.safetensors").write_bytes(CONTENT)
    async with room.shelf(every_s=60):
        await wait_until(lambda: len(room.told) > 1)
    assert [len({each.sha256 for each in told.values()} - {None}) for told in room.told] == [0, 1]
    assert None not in {each.sha256 for each in room.told[-1].values()}
    monkeypatch.setattr(shelf_module, "TELL_S", 0.0)
    room.told.clear()
    for path in room.root.iterdir():
        path.write_bytes(b"other")
    async with room.shelf(every_s=0.0):
        await wait_until(lambda: bool(room.told) and None not in digests(room))
    assert len(room.told) == 5


def digests(room: Room) -> set[str | None]:
    return {each.sha256 for each in room.told[-1].values()}


async def test_a_file_that_changes_or_cannot_be_read_has_no_digest(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hasher = Hasher(lambda: False)
    (found,) = look([room.root]).values()
    (room.root / "a.safetensors").write_bytes(b"other")
    assert await hasher.hash(found) is None
    assert await hasher.hash(Found(str(tmp_path / "gone"), found.stamp)) is None
    assert "gone is not hashed" in caplog.text
    hasher.close()


async def test_where_priorities_cannot_be_set_it_goes_without(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "ionice", refuse)
    async with room.shelf():
        await wait_until(lambda: len(room.told) > 1)
    assert digests(room) == {SHA}
