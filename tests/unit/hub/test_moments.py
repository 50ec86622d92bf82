"""Moments in requests."""

import pytest

from hub.api.moments import milliseconds
from shared.fields import FieldError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-11-24T08:00:00.123456+00:00", 1_795_507_200_123),
        (1_795_507_200_123, 1_795_507_200_123),
        (1_795_507_200, 1_795_507_200_000),
        (1_795_507_200.5, 1_795_507_200_500),
        (0, 0),
        (9_999_999_999_999, 9_999_999_999_999),
    ],
)
def test_a_moment_may_be_said_in_many_ways(given: float | str, expected: int) -> None:
    assert milliseconds("run_at", given) == expected


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("tomorrow", "is no time that can be read"),
        ("2026-11-24T08:00:00", "has no zone"),
        ("2026-11-24", "has no zone"),
        ("1969-12-31T23:59:59Z", "is not between"),
        (-1, "is not between"),
        (10**13, "is not between"),
        (float("inf"), "is not between"),
    ],
)
def test_what_is_no_moment_is_refused_by_name(given: float | str, problem: str) -> None:
    with pytest.raises(FieldError) as refused:
        milliseconds("run_at", given)
    assert refused.value.field == "run_at"
    assert problem in refused.value.problem
    assert "ISO 8601" in refused.value.accepted
