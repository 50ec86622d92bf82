"""Whatever happens to a graph in whatever order, no step is done too early, twice, or never."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
import pytest
import redis
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hub.store.client import Client
from hub.store.submissions import UnreadyError
from hub.store.workflows import Outcome
from shared.jobs import Lease
from shared.states import TERMINAL
from shared.workflows import FailurePolicy, StepState, WorkflowState
from tests.properties.killable import KillableServer
from tests.properties.profile import PROFILE, TIMEOUT_S
from tests.support.audit import audit_indexes
from tests.support.graphs import Flow, graph
from tests.support.leaks import leaked_keys
from tests.support.store import Hand, Store, failure

T = TypeVar("T")
ENDED = (WorkflowState.FAILED, WorkflowState.CANCELLED)
PICKS = st.integers(0, 10**6)


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs without a cycle."""
    shape: dict[str, tuple[str, ...]] = {}
    for number in range(draw(st.integers(1, 6))):
        before = st.lists(st.sampled_from(sorted(shape) or [""]), unique=True, max_size=2)
        shape[f"s{number}"] = tuple(draw(before)) if shape else ()
    return shape


class Graphs(RuleBasedStateMachine):
    """One workflow; hubs that stop anywhere, workers that succeed or fail, clients that meddle."""

    server: ClassVar[KillableServer]

    def __init__(self) -> None:
        super().__init__()
        with redis.Redis.from_url(self.server.url) as plain:
            plain.flushall()
        self.runner = asyncio.Runner()
        self.client = Client.connect(self.server.url)
        self.run(self.client.open())
        self.store = Store.over(self.client)
        self.flow = Flow(self.store)
        self.hand: Hand = self.run(self.store.hand(slots=100))
        self.leases: list[Lease] = []
        self.results: set[str] = set()  # steps that have ever been completed

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asked)

    @initialize(shape=shapes(), policy=st.sampled_from(FailurePolicy))
    def declare(self, shape: dict[str, tuple[str, ...]], policy: FailurePolicy) -> None:
        assert self.run(self.store.workflows.declare(graph(shape, policy=policy)))

    @rule(pick=PICKS, is_late=st.booleans())
    def submit_any_step(self, pick: int, is_late: bool) -> None:  # noqa: FBT001 - drawn
        """Only a hub that has looked at the graph as it is can make a job, of a step that waits."""
        now = self.run(self.flow.now())
        step = list(now.shape)[pick % len(now.shape)]
        is_ready = step in self.run(self.flow.plan()).ready
        if is_ready and now.state is WorkflowState.RUNNING and not is_late:
            self.run(self.flow.submit(step))
        elif is_late or now.states[step] is not StepState.WAITING:
            with pytest.raises(UnreadyError):
                self.run(self.flow.submit(step, now.revision + is_late))

    @rule()
    def enter_what_is_to_be_entered(self) -> None:
        """As a hub that submitted all that is ready; a second one finds nothing more to do."""
        if self.run(self.flow.now()).state is WorkflowState.RUNNING:
            self.advance()
            assert self.run(self.store.workflows.advancing(10)) == []

    def advance(self) -> None:
        self.run(self.flow.advance())

    @rule(wanted=st.integers(1, 3))
    def claim(self, wanted: int) -> None:
        self.leases += [each.lease for each in self.run(self.hand.claim(wanted))]

    @rule(pick=PICKS, how=st.sampled_from(["complete", "complete", "fail", "retry", "cancel"]))
    def end(self, pick: int, how: str) -> None:
        if not self.leases:
            return
        lease, jobs = self.leases.pop(pick % len(self.leases)), self.store.jobs
        match how:
            case "complete":
                self.run(jobs.complete(lease, "{}"))
            case "fail":
                self.run(jobs.fail(lease, failure(retryable=False), 0))
            case "retry":
                self.run(jobs.fail(lease, failure(), 0))
                self.run(jobs.promote(lease.job_id))
            case _:
                self.run(jobs.cancel(lease.job_id, "enough"))

    @rule(priority=st.integers(-1, 1))
    def reorder(self, priority: int) -> None:
        assert self.run(self.store.workflows.reorder("f", priority)).tag == "reordered"
        assert self.run(self.flow.now()).priority == priority

    @rule(pick=st.integers(0, 3))
    def cancel(self, pick: int) -> None:
        if pick:  # else too few would ever come to an end
            return
        before = self.run(self.flow.now()).state
        reply = self.run(self.store.workflows.cancel_workflow("f", "enough"))
        expected = "cancelled" if before is WorkflowState.RUNNING else "refused"
        assert reply.tag == expected

    @rule()
    def resume(self) -> None:
        before = self.run(self.flow.now())
        lost = [name for name, state in before.states.items() if state is not StepState.COMPLETED]
        reply = self.run(self.store.workflows.resume("f"))
        if before.state in ENDED:
            assert reply == Outcome("resumed", str(len(lost)))
        else:
            assert reply == Outcome("refused", before.state)

    @invariant()
    def all_agrees(self) -> None:
        assert self.run(audit_indexes(self.client.redis)) == []

    @invariant()
    def no_step_is_early_and_no_result_is_lost(self) -> None:
        now = self.run(self.store.workflows.get("f"))
        if now is None:
            return
        for step in now.job_ids:
            before = [now.states[each] for each in now.shape[step]]
            assert set(before) <= {StepState.COMPLETED}, f"{step} is a job after {before}"
        done = {name for name, state in now.states.items() if state is StepState.COMPLETED}
        assert done >= self.results
        self.results = done
        jobs = self.run(self.store.views.page({"workflow": "f"}, 0, 1000)).jobs
        once = [(each.step_name, each.id) for each in jobs]
        assert len(once) <= len(now.shape) * (now.resumes + 1)
        open_ = [each.step_name for each in jobs if each.status not in TERMINAL]
        assert len(open_) == len(set(open_))

    def teardown(self) -> None:
        with self.runner, redis.Redis.from_url(self.server.url) as plain:
            self.finish()
            self.run(self.client.close())
            assert leaked_keys(plain) == []

    def finish(self) -> None:
        """Whatever has happened, a graph that is resumed until all succeed is completed."""
        while (now := self.run(self.flow.now())).state is not WorkflowState.COMPLETED:
            if now.state in ENDED:
                self.resume()
            self.advance()
            self.leases += [each.lease for each in self.run(self.hand.claim(100))]
            for lease in self.leases:
                self.run(self.store.jobs.complete(lease, "{}"))
            self.leases.clear()
        for state in TERMINAL:
            self.run(self.store.jobs.purge(state, 0))
        assert self.run(self.store.workflows.get("f")) is None


@pytest.mark.timeout(TIMEOUT_S)
def test_a_graph_is_done_step_by_step(killable: KillableServer) -> None:
    machine = type("Graphs", (Graphs,), {"server": killable})
    run_state_machine_as_test(machine, settings=PROFILE)
