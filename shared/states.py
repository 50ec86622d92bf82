"""States of a job, the reasons for entering them, and the transitions that exist.

`docs/states.md` draws this table; a test holds the two equal.
"""

from enum import StrEnum

from attrs import frozen


class JobState(StrEnum):
    """Where a job is. Exactly one at any time."""

    PENDING = "pending"  # in its lane, waiting for a worker
    DELAYED = "delayed"  # waiting for a time: run-at or retry backoff
    ASSIGNED = "assigned"  # claimed by a worker that has not started yet
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"  # out of attempts: the dead letter, kept with its history
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job can never change again."""
        return self in TERMINAL


TERMINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
LEASED = frozenset({JobState.ASSIGNED, JobState.IN_PROGRESS})


class Reason(StrEnum):
    """Why a transition happened. Never a state of its own."""

    SUBMITTED = "submitted"
    CLAIMED = "claimed"
    STARTED = "started"
    FINISHED = "finished"
    ADOPTED = "adopted"  # the old holder came back before anyone else claimed
    ERROR = "error"
    TIMEOUT = "timeout"
    LEASE_EXPIRED = "lease_expired"
    DRAINED = "drained"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    POISON = "poison"  # the engine died of it on several workers
    DUE = "due"
    DEADLINE = "deadline"
    REORDERED = "reordered"  # it has another priority, or its workflow


class ErrorClass(StrEnum):
    """What kind of failure ended an attempt; decides whether a retry can help."""

    VALIDATION = "validation"
    MISSING_MODEL = "missing_model"
    MISSING_NODE = "missing_node"
    OUT_OF_MEMORY = "out_of_memory"
    CUDA = "cuda"
    ENGINE_CRASH = "engine_crash"
    HANG = "hang"
    NETWORK = "network"
    TIMEOUT = "timeout"
    LOST = "lost"  # the worker vanished or gave the job back
    INTERNAL = "internal"

    @property
    def is_retryable(self) -> bool:
        """Whether the same payload may succeed on another try."""
        return self is not ErrorClass.VALIDATION


@frozen
class Transition:
    """One arrow of the state diagram: `verb` names the script that draws it."""

    verb: str
    source: JobState | None
    target: JobState


def _arrows(verb: str, sources: tuple[JobState, ...], target: JobState) -> list[Transition]:
    return [Transition(verb, source, target) for source in sources]


_WAITING = (JobState.PENDING, JobState.DELAYED)
_RUNNING = (JobState.ASSIGNED, JobState.IN_PROGRESS)

TRANSITIONS: tuple[Transition, ...] = (
    Transition("submit", None, JobState.PENDING),
    Transition("submit", None, JobState.DELAYED),  # not before a time
    *_arrows("claim", (JobState.PENDING,), JobState.ASSIGNED),
    *_arrows("start", (JobState.ASSIGNED,), JobState.IN_PROGRESS),
    *_arrows("renew", (JobState.PENDING,), JobState.IN_PROGRESS),  # the old holder is back
    *_arrows("complete", (*_RUNNING, JobState.PENDING), JobState.COMPLETED),
    *_arrows("fail", _RUNNING, JobState.DELAYED),
    *_arrows("fail", _RUNNING, JobState.FAILED),
    *_arrows("release", _RUNNING, JobState.PENDING),
    *_arrows("release", _RUNNING, JobState.FAILED),
    *_arrows("reap", _RUNNING, JobState.PENDING),
    *_arrows("reap", _RUNNING, JobState.DELAYED),
    *_arrows("reap", _RUNNING, JobState.FAILED),
    *_arrows("promote", (JobState.DELAYED,), JobState.PENDING),
    *_arrows("expire", (*_WAITING, *_RUNNING), JobState.FAILED),
    *_arrows("cancel", (*_WAITING, *_RUNNING), JobState.CANCELLED),
    *(
        Transition(verb, state, state)
        for verb in ("reorder", "prioritise")
        for state in (*_WAITING, *_RUNNING)
    ),
)
