"""Whatever arrives, the decoder reads it or says what is wrong; nothing else comes out of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.described import example
from shared.messages import MESSAGES
from shared.wire import WireError, decode, encode
from tests.fuzz.seeds import write

FRAMES = {name: example(cls) for name, cls in MESSAGES.items()}
names = st.sampled_from(sorted(FRAMES))
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def read(frame: str | bytes) -> None:
    """Read it or be refused, and say again what was read."""
    message, refusal = None, ""
    try:
        message = decode(frame, "w1")
    except WireError as problem:
        refusal = str(problem)
    assert (message is None) == (0 < len(refusal) < 2000)
    if message is not None:
        assert decode(encode(message), "w1") == message


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(frame: str | bytes) -> None:
    read(frame)


@given(names, st.integers(0, 10_000), st.binary(max_size=8))
def test_a_frame_that_was_damaged_is_read_or_refused(name: str, at: int, patch: bytes) -> None:
    frame = FRAMES[name].encode()
    at %= len(frame)
    read(frame[:at] + patch + frame[at + len(patch) :])
    read(frame[:at])


@given(names, st.data())
def test_a_frame_with_other_values_is_read_or_refused(name: str, data: st.DataObject) -> None:
    fields: dict[str, Any] = json.loads(FRAMES[name])
    field = data.draw(st.sampled_from(sorted(set(fields) | {"extra"})))
    read(json.dumps(fields | {field: data.draw(values)}))


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_without_one_of_its_fields_is_read_or_refused(name: str) -> None:
    fields: dict[str, Any] = json.loads(FRAMES[name])
    for field in fields:
        read(json.dumps({each: value for each, value in fields.items() if each != field}))


def test_every_message_is_a_seed(tmp_path: Path) -> None:
    assert write(tmp_path / "seeds") == len(list((tmp_path / "seeds").iterdir())) == len(MESSAGES)
