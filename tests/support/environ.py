"""Tests that leave the environment of the process changed, for all that run after them."""

import os
from collections.abc import Generator
from contextlib import contextmanager

PYTESTS_OWN = "PYTEST_CURRENT_TEST"


@contextmanager
def environ_left_alone() -> Generator[None]:
    """The environment is the same afterwards, else it is put back and named what was changed.

    Raises `AssertionError`.
    """
    before = _environ()
    yield
    after = _environ()
    changed = sorted(name for name, _ in before.items() ^ after.items())
    if changed:
        for name in changed:
            os.environ.pop(name, None)
        os.environ.update((name, before[name]) for name in changed if name in before)
        names = ", ".join(dict.fromkeys(changed))
        raise AssertionError(f"os.environ is left changed: {names}; change it by monkeypatch")


def _environ() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name != PYTESTS_OWN}
