"""A field that somebody has filled in wrongly."""

from collections.abc import Generator
from contextlib import contextmanager


class FieldError(ValueError):
    """One field cannot be accepted: where it is, what is wrong, and what would be right."""

    def __init__(self, field: str, problem: str, accepted: str) -> None:
        super().__init__(f"{field}: {problem}; accepted: {accepted}")
        self.field = field
        self.problem = problem
        self.accepted = accepted


@contextmanager
def within(place: str) -> Generator[None]:
    """Whatever field is refused is one of `place`."""
    try:
        yield
    except FieldError as problem:
        raise FieldError(place + problem.field, problem.problem, problem.accepted) from problem
