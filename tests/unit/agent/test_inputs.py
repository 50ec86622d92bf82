"""What of a payload are files that the hub has."""

from pathlib import Path
from typing import Any

import pytest

from agent.inputs import inputs_of

SHA256 = "a" * 64


async def fetched(sha256: str, path: Path) -> None:
    path.write_text(sha256)


async def test_files_are_there_under_their_names_for_as_long_as_they_are_used() -> None:
    payload = {"inputs": [{"name": "x/../photo.png", "artifact": SHA256}]}
    async with inputs_of(payload, fetched) as files:
        (file,) = files
        assert file.name == "x/../photo.png"
        assert file.path.read_text() == SHA256
    assert not file.path.parent.exists()


@pytest.mark.parametrize(
    "inputs",
    [None, "text", {"name": "a", "artifact": SHA256}, [1], [{"name": "a"}],
     [{"name": 1, "artifact": SHA256}], [{"name": "a", "artifact": "../x"}]],
)  # fmt: skip
async def test_what_is_a_services_own_is_left_to_it(inputs: Any) -> None:
    async with inputs_of({"inputs": inputs}, fetched) as files:
        assert files == ()
