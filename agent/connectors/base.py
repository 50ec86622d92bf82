"""What every connector is: an adapter to one service that can run a job.

A connector knows nothing of the hub. It gets a job and a `report` callable, and returns a
`Result` or raises `ConnectorError`; there is no third way to end, except being cancelled.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

from shared.states import ErrorClass


@frozen
class InputFile:
    """A file that the job is given, by the name that the payload calls it. It is gone after the run."""

    name: str
    path: Path


@frozen(kw_only=True)
class Preview:
    """A small picture of the work so far."""

    mime_type: str
    content: bytes


@frozen(kw_only=True)
class Progress:
    """How far an attempt is. `percent` is 0 … 100 over the whole job."""

    percent: float
    message: str = ""
    node: str | None = None  # id of the running node in the caller's own workflow
    node_title: str | None = None
    step: int | None = None
    steps: int | None = None
    preview: Preview | None = None


Report = Callable[[Progress], None]
"""Takes the latest progress without blocking. It may be called at any rate: it is thinned later."""


@frozen(kw_only=True)
class OutputFile:
    """A file that a job produced: its bytes, or where they lie on this machine."""

    filename: str
    mime_type: str
    content: bytes | Path
    is_temporary: bool = False  # a path that is removed once it is handed in


HandIn = Callable[[OutputFile], None]
"""Takes a file that is finished while the job goes on, without blocking; it is the taker's then."""


def _leave(_file: OutputFile) -> None:
    """Files of the result are handed in with it."""


Note = Callable[[dict[str, Any]], None]
"""Keeps JSON values beyond the end of this process, in place of those noted before."""


def _forget(_notes: dict[str, Any]) -> None:
    """What nobody keeps."""


Cleaning = Callable[[], None]
"""Begins to remove what the service keeps of an attempt, without blocking."""


def _at_once(cleaning: Cleaning) -> None:
    cleaning()


@frozen(kw_only=True)
class Work:
    """One attempt as a connector sees it.

    What is given to `hand_in` early is on its way before the job ends, and is what is left of an
    attempt that fails or is cancelled; it is part of the `Result` as well. None has to be.

    `notes` is what an agent that was killed in this attempt had noted last: by it the service is
    asked what became of the work. What the service keeps of it is removed by what `afterwards` is
    given, which is called once the outcome is kept.
    """

    job_id: str
    attempt: int
    type: str
    payload: dict[str, Any]
    inputs: tuple[InputFile, ...] = ()
    hand_in: HandIn = field(default=_leave, eq=False, repr=False)
    notes: dict[str, Any] = field(factory=dict[str, Any])
    note: Note = field(default=_forget, eq=False, repr=False)
    afterwards: Callable[[Cleaning], object] = field(default=_at_once, eq=False, repr=False)


@frozen(kw_only=True)
class Result:
    """What a finished attempt hands in: facts as JSON values, and files as artifacts."""

    data: dict[str, Any] = field(factory=dict)
    files: tuple[OutputFile, ...] = ()

    def discard(self) -> None:
        """Remove the files that are temporary."""
        for file in self.files:
            if file.is_temporary and isinstance(file.content, Path):
                file.content.unlink(missing_ok=True)


@frozen(kw_only=True)
class Offer:
    """What a connector can do right now. `None` means no limit is known."""

    services: tuple[str, ...]
    version: str | None = None
    models: tuple[str, ...] | None = None
    components: tuple[str, ...] | None = None
    custom_nodes: tuple[str, ...] | None = None


class ConnectorError(Exception):
    """The attempt failed. `details` are JSON values for the attempt's record."""

    def __init__(
        self,
        message: str,
        *,
        error_class: ErrorClass = ErrorClass.INTERNAL,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.details: dict[str, Any] = details or {}


class Connector(Protocol):
    """An adapter to one service."""

    name: str
    slots: int  # how many attempts it can run at the same time

    async def open(self) -> None:
        """Get ready; raise `ConnectorError` when the service cannot be used."""
        ...

    async def close(self) -> None:
        """Let go of every resource. Called once, after the last `run` has ended."""
        ...

    async def offer(self) -> Offer:
        """Ask the service what it can do."""
        ...

    async def run(self, work: Work, report: Report) -> Result:
        """Run one attempt. On cancellation stop the service's work first, then re-raise."""
        ...
