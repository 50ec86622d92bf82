"""A job as the model sees it."""

from attrs import define, field

from shared.jobs import Lease
from shared.states import LEASED, JobState

Rank = tuple[int, int, int, int]
"""What goes first: -priority, time of the workflow, step, number of the submission."""


@define
class ModelJob:
    """A job as it must be."""

    id: str
    needs: str
    rank: Rank
    max_retries: int
    workflow: str | None
    has_timeout: bool
    type: str = ""
    customer: str | None = None
    unique: tuple[str | None, str] | None = None
    has_deadline: bool = False
    state: JobState = JobState.PENDING
    attempt: int = 0
    lease: str = ""
    worker: str = ""
    failures: int = 0
    losses: int = 0
    result: str | None = None
    completed_as: str = ""  # what was answered to it
    error_class: str | None = None
    ended: list[tuple[int, str]] = field(factory=list)  # attempt, the verb that ended it
    is_adoptable: bool = False
    shunned: frozenset[str] = frozenset()  # the workers that have failed with it
    is_expired: bool = False
    is_overdue: bool = False  # its deadline has passed
    is_due: bool = False
    is_too_late: bool = False  # what has a deadline, and has not ended by then

    @property
    def is_leased(self) -> bool:
        return self.state in LEASED

    def is_same_attempt(self, lease: Lease) -> bool:
        return (self.attempt, self.lease) == (lease.attempt, lease.id)

    def renew(self) -> None:
        self.is_expired = self.is_overdue  # no lease outlives its deadline
