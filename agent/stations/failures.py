"""Failures that repeat: a GPU that spoils every job, a machine that lacks what all jobs need."""

from collections.abc import Callable

from attrs import define, field

from agent.runner import Outcome, Released
from shared.jobs import Failure
from shared.states import ErrorClass

_OF_A_GPU = frozenset(
    {ErrorClass.CUDA, ErrorClass.ENGINE_CRASH, ErrorClass.HANG, ErrorClass.OUT_OF_MEMORY}
)
_OF_A_MACHINE = frozenset(
    {ErrorClass.MISSING_MODEL, ErrorClass.MISSING_NODE, ErrorClass.NETWORK, ErrorClass.INTERNAL}
)


@define
class _Run:
    error_class: ErrorClass | None = None
    length: int = 0

    def count(self, error_class: ErrorClass | None) -> int:
        """One more of the same class, or the first of another; a success has none."""
        self.length = self.length + 1 if error_class is self.error_class else 1
        self.error_class = error_class
        return self.length if error_class else 0


@define
class Failures:
    """Counts outcomes. Whoever fails `limit` times in a row in one way is taken out of work.

    `drain` takes the whole machine out. Failures that are the job's own doing do not count.
    """

    _limit: int
    _drain: Callable[[str], None]
    _workers: dict[str, _Run] = field(factory=dict[str, _Run], init=False)
    _machine: _Run = field(factory=_Run, init=False)

    def note(self, worker_id: str, outcome: Outcome) -> str | None:
        """Take note of an outcome; why this worker must not go on, if it must not."""
        if not self._limit or isinstance(outcome, Released):
            return None
        worker = self._workers.setdefault(worker_id, _Run())
        if not isinstance(outcome, Failure):
            worker.count(None)
            self._machine.count(None)
        elif outcome.error_class in _OF_A_GPU and worker.count(outcome.error_class) >= self._limit:
            return self._told(outcome)
        elif (
            outcome.error_class in _OF_A_MACHINE
            and self._machine.count(outcome.error_class) >= self._limit
        ):
            self._drain(self._told(outcome))
        return None

    def _told(self, failure: Failure) -> str:
        return (
            f"{self._limit} jobs in a row failed with {failure.error_class}, the last with: "
            f"{failure.error}"
        )
