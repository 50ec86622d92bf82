"""Files by digest: whole and checked, or not at all."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.artifacts import ArtifactError, Artifacts

CONTENT = b"a picture of " + b"pixels" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()
NO_NAMES = [
    "",
    NAME.upper(),
    NAME[:-1],
    NAME + "0",
    NAME + "\n",
    "../" + NAME[3:],
    "/etc/passwd",
    "..%2f" + NAME[5:],
    "\0" * 64,
]


async def in_pieces(content: bytes = CONTENT, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def cut_off() -> AsyncIterator[bytes]:
    yield CONTENT[:100]
    raise ConnectionError("gone")


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


def files(artifacts: Artifacts) -> list[Path]:
    return [path for path in artifacts.root.rglob("*") if path.is_file()]


async def test_what_was_stored_is_found(artifacts: Artifacts) -> None:
    assert artifacts.find(NAME) is None
    assert await artifacts.store(NAME, in_pieces()) == len(CONTENT)
    path = artifacts.root / NAME[:2] / NAME
    assert artifacts.find(NAME) == path
    assert path.read_bytes() == CONTENT


async def test_an_empty_file_is_a_file(artifacts: Artifacts) -> None:
    name = hashlib.sha256().hexdigest()
    assert await artifacts.store(name, in_pieces(b"")) == 0
    assert artifacts.find(name) is not None


async def test_the_same_file_twice_is_one(artifacts: Artifacts) -> None:
    await artifacts.store(NAME, in_pieces())
    await artifacts.store(NAME, in_pieces())
    assert files(artifacts) == [artifacts.find(NAME)]


async def test_other_bytes_than_promised_are_not_kept(artifacts: Artifacts) -> None:
    wrong = hashlib.sha256(CONTENT[:-1]).hexdigest()
    with pytest.raises(
        ArtifactError, match=f"the {len(CONTENT) - 1} bytes received have .*{wrong}"
    ):
        await artifacts.store(NAME, in_pieces(CONTENT[:-1]))
    assert files(artifacts) == []


async def test_bytes_that_stop_coming_are_not_kept(artifacts: Artifacts) -> None:
    with pytest.raises(ConnectionError):
        await artifacts.store(NAME, cut_off())
    assert files(artifacts) == []


@pytest.mark.parametrize("name", NO_NAMES)
async def test_a_name_that_is_no_digest_reaches_no_file(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(ArtifactError, match="64 lower-case hexadecimal digits"):
        artifacts.find(name)
    with pytest.raises(ArtifactError, match="64 lower-case hexadecimal digits"):
        await artifacts.store(name, in_pieces())
    assert not artifacts.root.exists()
