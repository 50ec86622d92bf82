"""A test that leaves the environment changed fails, and harms no other."""

import os
from collections.abc import Callable

import pytest

from tests.support.environ import environ_left_alone

NAME = "A_VARIABLE_OF_THIS_TEST"


def _set() -> None:
    os.environ[NAME] = "new"


def _remove() -> None:
    del os.environ[NAME]


@pytest.mark.parametrize(("before", "change"), [(None, _set), ("old", _set), ("old", _remove)])
def test_what_was_changed_is_named_and_put_back(
    monkeypatch: pytest.MonkeyPatch, before: str | None, change: Callable[[], None]
) -> None:
    if before is not None:
        monkeypatch.setenv(NAME, before)
    with (
        pytest.raises(AssertionError, match=rf"left changed: {NAME}; change it by monkeypatch"),
        environ_left_alone(),
    ):
        change()
    assert os.environ.get(NAME) == before


def test_what_was_put_back_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with environ_left_alone(), monkeypatch.context() as changed:
        changed.setenv(NAME, "new")
