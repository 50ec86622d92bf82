"""A field of a request that cannot be accepted."""


class FieldError(ValueError):
    """One field of a request cannot be accepted."""

    def __init__(self, field: str, problem: str, accepted: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.accepted = accepted
