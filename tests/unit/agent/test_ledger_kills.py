"""A kill at any instant: the next agent finds what was kept before it, and no more."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import ledger_file
from agent.ledger import MOST_RESUMPTIONS, Ledger
from agent.ledger_lines import Entry, Kept
from shared.jobs import Lease
from shared.messages import CompleteJob, JobAssigned
from tests.fakes.hub import assignment, lease_of
from tests.support.ledgers import LEDGER

JOBS = [assignment(f"job-{each}", params={"text": "ä\n"}) for each in range(3)]
Model = dict[Lease, tuple[Any, ...]]  # in other words, what is kept


def report(job: JobAssigned, seed: int) -> CompleteJob:
    """The end of an attempt."""
    return CompleteJob(
        job_id=job.job_id, worker_id="w1", attempt=1, lease=job.lease, result={"seed": seed}
    )


def in_other_words(kept: Kept) -> tuple[Any, ...]:
    """It, as the model has it."""
    if isinstance(kept, Entry):
        return kept.job.params, kept.notes, kept.resumed
    assert isinstance(kept, CompleteJob)
    return (kept.result,)


@define
class Course:
    """What happens to a ledger, what it must come to, and what a kill could have left of its file."""

    folder: Path
    ledger: Ledger = field(init=False)
    model: Model = field(factory=dict, init=False)
    left: list[tuple[bytes, Model]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger = Ledger.at(self.folder)
        self.ledger.load()
        self.left.append((b"", {}))

    def step(self, verb: str, job: int, value: int, cut: int) -> None:
        """One thing happens. What was appended may have been cut after so many bytes."""
        before, known = self.left[-1][0], dict(self.model)
        getattr(self, verb)(JOBS[job], lease_of(JOBS[job]), value)
        after = (self.folder / LEDGER).read_bytes()
        if after.startswith(before) and len(after) > len(before) + 1:
            # A line that lacks only its end is as good as whole.
            torn = len(before) + cut % (len(after) - len(before) - 1)
            self.left.append((after[:torn], known))
        self.left.append((after, dict(self.model)))

    def take(self, job: JobAssigned, lease: Lease, _: int) -> None:
        if lease not in self.model:
            self.ledger.take(job)

    def note(self, job: JobAssigned, lease: Lease, value: int) -> None:
        self.take(job, lease, value)
        self.ledger.note(lease, {"n": value})
        known = self.model.get(lease, (job.params, {}, 0))
        if is_going(known):
            self.model[lease] = (job.params, {"n": value}, known[2])

    def resume(self, job: JobAssigned, lease: Lease, _: int) -> None:
        if is_going(known := self.model.get(lease, ())):
            self.ledger.resume(Entry(job, known[1], known[2]))
            self.model[lease] = (*known[:2], known[2] + 1)

    def end(self, job: JobAssigned, lease: Lease, value: int) -> None:
        self.take(job, lease, value)
        self.ledger.end(lease, report(job, value))
        self.model[lease] = ({"seed": value},)

    def drop(self, _job: JobAssigned, lease: Lease, _: int) -> None:
        self.ledger.drop(lease)
        self.model.pop(lease, None)


def is_going(known: tuple[Any, ...]) -> bool:
    """Whether it is an attempt that has not ended."""
    return len(known) == 3


def found(folder: Path, *, noting: str = "") -> Model:
    """What the next agent finds; it then notes something of another attempt."""
    ledger = Ledger.at(folder)
    kept = ledger.load()
    if noting:
        job = evolve(JOBS[0], job_id=noting)
        ledger.take(job)
        ledger.note(lease_of(job), {"n": 0})
    ledger.close()
    return {lease: in_other_words(each) for lease, each in kept.items()}


def taken_up(kept: Model) -> Model:
    """Without what has seen too many agents end."""
    return {k: v for k, v in kept.items() if not is_going(v) or v[2] < MOST_RESUMPTIONS}


def check(folder: Path, left: bytes, kept: Model) -> None:
    """The agent after a kill finds it, and the one after that as well, with what the first has added."""
    folder.mkdir()
    (folder / LEDGER).write_bytes(left)
    assert found(folder, noting="new") == kept
    again = found(folder)
    assert again.pop(Lease("new", 1, JOBS[0].lease))[1] == {"n": 0}
    assert again == kept


@settings(deadline=None)  # by the disk's leave
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "note", "resume", "end", "drop"]),
            *(st.integers(0, most) for most in (2, 2, 10_000)),
        ),
        max_size=12,
    ),
    long_bytes=st.sampled_from([0, 700, ledger_file.LONG_BYTES]),
)
def test_what_was_kept_before_a_kill_is_found(
    steps: list[tuple[str, int, int, int]], long_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patches:
        patches.setattr(ledger_file, "LONG_BYTES", long_bytes)
        course = Course(Path(name) / "killed")
        for step in steps:
            course.step(*step)
        course.ledger.close()
        for number, (left, model) in enumerate(course.left):
            check(Path(name) / str(number), left, taken_up(model))
