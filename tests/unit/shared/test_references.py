"""References to the results of earlier steps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.references import (
    MalformedReferenceError,
    Reference,
    UnresolvedReferenceError,
    references,
    resolved,
)

RESULT = {"files": [{"url": "/1"}, {"url": "/2"}], "a/b": {"m~n": 0}, "": "empty", "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", RESULT),
        ("/files/1/url", "/2"),
        ("/files", RESULT["files"]),
        ("/a~1b/m~0n", 0),
        ("/", "empty"),
        ("/none", None),
    ],
)
def test_a_path_finds_what_it_names(path: str, found: Any) -> None:
    assert resolved([{"$from": "s", "path": path}], {"s": RESULT}) == [found]


@pytest.mark.parametrize(
    "path", ["/x", "/files/2", "/files/-", "/files/01", "/none/x", "/files/0/url/0"]
)
def test_a_path_to_nothing_is_named_with_its_step(path: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match=f"'s', path '{path}'"):
        resolved({"x": {"$from": "s", "path": path}}, {"s": RESULT})


def test_every_reference_is_found_wherever_it_stands() -> None:
    payload = {"a": {"$from": "s"}, "b": [1, {"c": {"$from": "t", "path": "/0"}}], "d": "$from"}
    assert list(references(payload)) == [Reference("s"), Reference("t", "/0")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"$from": 1},
        {"$from": "s", "path": 0},
        {"$from": "s", "path": "files"},
        {"$from": "s", "path": "/~2"},
        {"$from": "s", "default": 1},
    ],
)
def test_an_object_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedReferenceError):
        list(references([wrong]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter("$from".__ne__), inner),
)


@given(JSON)
def test_what_has_no_reference_stays_as_it_is(document: Any) -> None:
    assert resolved(document, {}) == document
    assert list(references(document)) == []


@given(JSON)
def test_a_result_is_taken_as_it_is(result: Any) -> None:
    assert resolved({"x": {"$from": "s"}}, {"s": result}) == {"x": result}
