"""Files on their way in: what broke off is continued, by one at a time."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.artifacts import ArtifactError, BrokenOffError, OffsetError
from hub.artifacts.incoming import Incoming
from tests.support.waiting import wait_until

CONTENT = bytes(range(256)) * 40
NAME = hashlib.sha256(CONTENT).hexdigest()


async def part(*chunks: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then is not None:
        raise then


@pytest.fixture
def incoming(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "incoming")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "ab" / NAME


def left(incoming: Incoming) -> list[str]:
    return [path.name for path in incoming.root.iterdir()]


@pytest.mark.parametrize("end", [BrokenOffError("gone"), asyncio.CancelledError()], ids=repr)
async def test_what_broke_off_is_continued(
    incoming: Incoming, target: Path, end: BaseException
) -> None:
    assert incoming.offset(NAME) == 0
    with pytest.raises(type(end)):
        await incoming.receive(NAME, part(CONTENT[:1000], then=end), 0, target)
    assert incoming.offset(NAME) == 1000
    rest = part(CONTENT[1000:5000], CONTENT[5000:])
    assert await incoming.receive(NAME, rest, 1000, target) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert left(incoming) == []


async def test_what_broke_off_may_begin_anew(incoming: Incoming, target: Path) -> None:
    with pytest.raises(BrokenOffError):
        await incoming.receive(NAME, part(b"other", then=BrokenOffError()), 0, target)
    await incoming.receive(NAME, part(CONTENT), 0, target)
    assert target.read_bytes() == CONTENT


async def test_a_rest_that_does_not_fit_is_refused(incoming: Incoming, target: Path) -> None:
    with pytest.raises(BrokenOffError):
        await incoming.receive(NAME, part(CONTENT[:1000], then=BrokenOffError()), 0, target)
    for offset in (999, 1001):
        with pytest.raises(OffsetError, match="continue at byte 1000") as refused:
            await incoming.receive(NAME, part(CONTENT[offset:]), offset, target)
        assert refused.value.offset == 1000
    assert incoming.offset(NAME) == 1000


async def test_a_rest_with_other_bytes_leaves_nothing(incoming: Incoming, target: Path) -> None:
    with pytest.raises(BrokenOffError):
        await incoming.receive(NAME, part(CONTENT[:1000], then=BrokenOffError()), 0, target)
    with pytest.raises(ArtifactError, match="10240 bytes received have the digest"):
        await incoming.receive(NAME, part(CONTENT[1000:-1], b"x"), 1000, target)
    assert (target.exists(), left(incoming)) == (False, [])


async def test_two_who_hand_in_the_same_do_not_meet(incoming: Incoming, target: Path) -> None:
    may_go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT[:1000]
        await may_go_on.wait()
        yield CONTENT[1000:]

    async def fast() -> AsyncIterator[bytes]:
        assert len(left(incoming)) == 2
        yield CONTENT

    first = asyncio.create_task(incoming.receive(NAME, slow(), 0, target))
    await wait_until((incoming.root / NAME).exists)
    with pytest.raises(OffsetError, match="handed in just now"):
        await incoming.receive(NAME, part(CONTENT[5:]), 5, target)
    await incoming.receive(NAME, fast(), 0, target)
    assert target.read_bytes() == CONTENT
    may_go_on.set()
    assert await first == len(CONTENT)
    assert left(incoming) == []


async def test_the_second_of_two_leaves_nothing_when_it_breaks_off(
    incoming: Incoming, target: Path
) -> None:
    async def both() -> AsyncIterator[bytes]:
        with pytest.raises(BrokenOffError):
            await incoming.receive(NAME, part(CONTENT[:9], then=BrokenOffError()), 0, target)
        yield CONTENT

    await incoming.receive(NAME, both(), 0, target)
    assert left(incoming) == []


async def test_what_nobody_continues_is_dropped(incoming: Incoming, target: Path) -> None:
    incoming.drop(0)
    with pytest.raises(BrokenOffError):
        await incoming.receive(NAME, part(CONTENT[:1000], then=BrokenOffError()), 0, target)
    os.utime(incoming.root / NAME, (1000, 1000))
    incoming.drop(1000)
    assert left(incoming) == [NAME]
    incoming.drop(1001)
    assert left(incoming) == []


async def test_a_file_is_on_the_disk_before_it_has_its_place(
    incoming: Incoming, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[tuple[int, int, bool]] = []

    def fsync(file: int) -> None:
        about = os.fstat(file)
        on_disk.append((about.st_ino, about.st_size, target.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    await incoming.receive(NAME, part(CONTENT), 0, target)
    assert on_disk == [(target.stat().st_ino, len(CONTENT), False)]


async def test_who_opens_a_file_that_is_settled_meanwhile_does_not_write_to_it(
    incoming: Incoming, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BrokenOffError):
        await incoming.receive(NAME, part(CONTENT[:9], then=BrokenOffError()), 0, target)
    flock = fcntl.flock

    def too_late(file: int, how: int) -> None:
        """Between opening and lock another is done, and a third begins."""
        monkeypatch.setattr(fcntl, "flock", flock)
        target.parent.mkdir()
        (incoming.root / NAME).rename(target)
        (incoming.root / NAME).touch()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", too_late)
    with pytest.raises(OffsetError, match="handed in just now"):
        await incoming.receive(NAME, part(CONTENT[9:]), 9, target)
    assert target.read_bytes() == CONTENT[:9]


async def test_what_nobody_named_leaves_nothing_when_it_breaks_off(
    incoming: Incoming, target: Path
) -> None:
    with pytest.raises(BrokenOffError):
        await incoming.take(part(CONTENT[:9], then=BrokenOffError()), lambda _: target)
    assert (target.exists(), left(incoming)) == (False, [])
    assert await incoming.take(part(CONTENT), lambda _: target) == (NAME, len(CONTENT))
    assert (target.read_bytes(), left(incoming)) == (CONTENT, [])
