"""Backoff: exponential, capped, with full jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import backoff_s


def longest(failures: int, **limits: float) -> float:
    return backoff_s(failures, uniform=lambda: 1.0, **limits)


def test_each_failure_doubles_the_longest_wait_up_to_the_cap() -> None:
    assert [longest(each) for each in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [longest(each, first_s=0.5, cap_s=3) for each in range(1, 5)] == [0.5, 1, 2, 3]


def test_the_wait_is_a_share_of_the_longest() -> None:
    assert backoff_s(4, uniform=lambda: 0.25) == 2
    assert backoff_s(4, uniform=lambda: 0) == 0


@given(st.integers(min_value=1), st.floats(0, 1e9), st.floats(0, 1e9))
def test_no_wait_is_negative_or_above_the_cap(failures: int, first_s: float, cap_s: float) -> None:
    assert 0 <= backoff_s(failures, first_s=first_s, cap_s=cap_s) <= cap_s


@given(st.integers(1, 10**6), st.floats(0.001, 1e3), st.floats(0, 1e9))
def test_the_longest_wait_never_shrinks(failures: int, first_s: float, cap_s: float) -> None:
    limits = {"first_s": first_s, "cap_s": cap_s}
    assert longest(failures, **limits) <= longest(failures + 1, **limits)


def test_waits_differ() -> None:
    assert len({backoff_s(3) for _ in range(20)}) > 1


@pytest.mark.parametrize("failures", [0, -1])
def test_there_is_no_wait_before_the_first_failure(failures: int) -> None:
    with pytest.raises(ValueError, match=f"failures counts from 1, got {failures}"):
        backoff_s(failures)
