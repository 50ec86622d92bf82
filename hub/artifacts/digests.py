"""The names of artifacts, and what is wrong with one."""

from typing import Protocol

from attrs import frozen

from shared.digests import SHA256


@frozen
class Stored:
    """What is known of an artifact without looking into it."""

    at_s: float  # seconds since the epoch: when it was last stored or asked for
    size_bytes: int


class ArtifactError(ValueError):
    """What was sent is not the artifact that it was said to be."""


class Digest(Protocol):
    """A digest that is being made."""

    def update(self, data: bytes, /) -> None:
        """Put more into it."""
        ...

    def hexdigest(self) -> str:
        """What it is so far."""
        ...


def check_name(sha256: str) -> None:
    """Raises `ArtifactError` for what is no digest."""
    if not SHA256.fullmatch(sha256):
        raise ArtifactError("sha256: expected 64 lower-case hexadecimal digits")
