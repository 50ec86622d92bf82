"""submit: a new job enters its lane."""

import pytest

from hub.store.keys import key
from hub.store.lanes import canonical, digest
from hub.store.submissions import (
    DeadlinePassedError,
    JobIdTakenError,
    UniqueKeyTakenError,
    WorkflowConflictError,
)
from shared.matching import Requirement
from shared.states import JobState, Reason
from tests.support.store import LATER_MS, Hand, Store, asked, spec


async def test_a_new_job_is_pending_at_the_end_of_its_lane(store: Store) -> None:
    first = await store.jobs.submit(spec(timeout_minutes=1))
    second = await store.jobs.submit(spec(timeout_minutes=1.5))
    assert (first.place, second.place) == (0, 1)
    assert first.lane == digest(canonical(Requirement(service_type="simulation")))
    job = await store.job(second.job_id)
    assert (job.status, job.reason) == (JobState.PENDING, Reason.SUBMITTED)
    assert (job.payload, job.priority, job.customer_id) == ({"n": 2**64}, 50, None)
    assert (job.attempt, job.failures, job.losses, job.timeout_minutes) == (0, 0, 0, 1.5)


async def test_a_member_is_time_step_number_and_id_at_fixed_widths(store: Store) -> None:
    step = spec(workflow_id="f", workflow_datetime=1_700_000_000_123, step_number=7, priority=-4)
    submitted = await store.jobs.submit(step)
    facts = await store.facts(submitted.job_id)
    assert facts["member"] == f"1700000000123:000007:000000000001:{submitted.job_id}"
    assert facts["score"] == "4"


async def test_submission_numbers_count_up(store: Store) -> None:
    jobs = [await store.jobs.submit(spec()) for _ in range(3)]
    assert [(await store.facts(each.job_id))["seq"] for each in jobs] == ["1", "2", "3"]


async def test_the_same_operation_twice_is_one_job(store: Store) -> None:
    tag, place, priority, at, created_at, *more = await store.acts_once("submit", *asked())
    assert (tag, place, priority, at) == ("submitted", 0, "50", created_at)
    assert more == ["0", "0"]
    assert await store.client.command("ZCARD", key("jobs")) == 1


async def test_only_the_first_job_of_an_empty_lane_is_news(store: Store) -> None:
    async def two() -> None:
        await store.jobs.submit(spec())
        await store.jobs.submit(spec())

    heard = await store.announced(two())
    lane = digest(canonical(Requirement(service_type="simulation")))
    assert [each for each in heard if each[0] == "news"] == [("news", f"lane {lane}")]
    assert [message for _, message in heard].count("submitted") == 2


async def test_the_answer_is_the_job_as_it_is(store: Store) -> None:
    step = spec(workflow_id="f", workflow_priority=7, customer_id="c1", timeout_minutes=1.5)
    submitted = await store.jobs.submit(step)
    assert submitted.job == await store.job(submitted.job_id)


async def test_who_looks_for_a_worker_itself_is_named_in_the_news(store: Store) -> None:
    heard = await store.announced(store.jobs.submit(spec(), "hub-1"))
    lane = digest(canonical(Requirement(service_type="simulation")))
    assert ("news", f"lane {lane} hub-1") in heard


@pytest.mark.parametrize("priority", [0, -3, 90])
async def test_later_steps_inherit_priority_and_time(store: Store, priority: int) -> None:
    first = await store.jobs.submit(
        spec(workflow_id="f", workflow_priority=priority, workflow_datetime=1_000)
    )
    await store.jobs.submit(spec(priority=99))
    later = await store.jobs.submit(spec(workflow_id="f", step_number=1, priority=99))
    for submitted in (first, later):
        job = await store.job(submitted.job_id)
        assert (job.priority, job.workflow_priority) == (priority, priority)
        assert (job.workflow_id, job.workflow_datetime) == ("f", 1_000)


async def test_a_workflow_without_a_pair_takes_that_of_its_first_step(store: Store) -> None:
    first = await store.jobs.submit(spec(workflow_id="f", priority=0))
    later = await store.jobs.submit(spec(workflow_id="f", priority=7))
    first_job, later_job = await store.job(first.job_id), await store.job(later.job_id)
    assert later_job.priority == 0
    assert later_job.workflow_datetime == first_job.workflow_datetime == first_job.created_at


async def test_steps_go_in_order_whenever_they_are_submitted(store: Store, hand: Hand) -> None:
    # Of the same millisecond, the step would decide before the submission.
    third = await store.jobs.submit(spec(workflow_id="f", workflow_datetime=1, step_number=2))
    alone = await store.jobs.submit(spec())
    first = await store.jobs.submit(spec(workflow_id="f", step_number=0))
    claimed = await hand.claim(3)
    assert [each.lease.job_id for each in claimed] == [first.job_id, third.job_id, alone.job_id]


@pytest.mark.parametrize(
    ("field_name", "has", "other"), [("workflow_priority", 0, 1), ("workflow_datetime", 1_000, 0)]
)
async def test_a_step_that_contradicts_its_workflow_leaves_no_trace(
    store: Store, field_name: str, has: int, other: int
) -> None:
    pair = {"workflow_priority": 0, "workflow_datetime": 1_000}
    await store.jobs.submit(spec(workflow_id="f", **pair))
    async with store.unchanged():
        with pytest.raises(WorkflowConflictError, match=field_name) as refused:
            await store.jobs.submit(spec(workflow_id="f", **pair | {field_name: other}))
    assert (refused.value.field_name, refused.value.has) == (field_name, str(has))
    await store.jobs.submit(spec(workflow_id="f", **pair))


async def test_equal_requirements_share_a_lane_in_whatever_order_they_are_said(
    store: Store,
) -> None:
    lanes = [
        (await store.jobs.submit(spec(requirement=Requirement(service_type="x", models=models))))
        for models in (("a", "b"), ("b", "a"))
    ]
    assert lanes[0].lane == lanes[1].lane
    assert lanes[1].place == 1


async def test_a_lane_is_for_one_type_and_one_customer(store: Store) -> None:
    need = Requirement(service_type="x")
    jobs = [
        await store.jobs.submit(spec(type_, requirement=need, customer_id=customer))
        for type_ in ("x", "y")
        for customer in (None, "c", "d")
    ]
    assert len({each.lane for each in jobs}) == 6


async def test_text_that_is_half_a_surrogate_pair_comes_back(store: Store) -> None:
    half = "\ud83d"
    submitted = await store.jobs.submit(spec(type=half, customer_id=half, payload={"p": half}))
    job = await store.job(submitted.job_id)
    assert (job.type, job.customer_id, job.payload) == (half, half, {"p": half})


async def test_a_job_under_an_id_of_the_callers_is_one_job(store: Store) -> None:
    own = spec(id="mine", workflow_id="f")
    first = await store.jobs.submit(own)
    async with store.unchanged():
        assert await store.jobs.submit(own) == first
    for other in (spec(id="mine", payload={}), spec("video", id="mine")):
        async with store.unchanged():
            with pytest.raises(JobIdTakenError):
                await store.jobs.submit(other)
    await store.jobs.cancel("mine", "enough")
    assert (await store.jobs.submit(own)).place is None


async def test_a_job_that_must_not_run_yet_is_delayed(store: Store, hand: Hand) -> None:
    submitted = await store.jobs.submit(spec(run_at=LATER_MS))
    assert submitted.place is None
    assert submitted.job == await store.job(submitted.job_id)
    assert (submitted.job.status, submitted.job.not_before) == (JobState.DELAYED, LATER_MS)
    assert await hand.claim() == []
    await store.client.command("ZADD", key("delayed"), 1, submitted.job_id)
    await store.client.command("HSET", key("job", submitted.job_id), "not_before", 1)
    assert await store.jobs.promote(submitted.job_id)
    assert len(await hand.claim()) == 1


async def test_a_time_that_has_come_delays_nothing(store: Store) -> None:
    submitted = await store.jobs.submit(spec(run_at=1))
    assert (submitted.place, submitted.job.status) == (0, JobState.PENDING)
    assert submitted.job == await store.job(submitted.job_id)


async def test_a_job_whose_deadline_has_passed_is_refused(store: Store) -> None:
    async with store.unchanged():
        with pytest.raises(DeadlinePassedError) as refused:
            await store.jobs.submit(spec(deadline=1))
    assert abs(refused.value.now_ms - await store.views.now_ms()) < 60_000
    assert (await store.jobs.submit(spec(deadline=LATER_MS))).job.deadline == LATER_MS


@pytest.mark.parametrize("state", [each for each in JobState if not each.is_terminal])
async def test_a_unique_key_is_taken_until_its_job_ends(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state, spec(unique_key="u", customer_id="c"))
    async with store.unchanged():
        with pytest.raises(UniqueKeyTakenError) as taken:
            await store.jobs.submit(spec(unique_key="u", customer_id="c", payload={}))
    assert taken.value.job_id == lease.job_id
    for other in ({"unique_key": "v", "customer_id": "c"}, {"unique_key": "u"}):
        await store.jobs.submit(spec(**other))
    await store.jobs.cancel(lease.job_id, "enough")
    again = await store.jobs.submit(spec(unique_key="u", customer_id="c"))
    assert again.job.unique_key == "u"


@pytest.mark.parametrize("state", [each for each in JobState if each.is_terminal])
async def test_a_unique_key_is_free_when_its_job_has_ended(
    store: Store, hand: Hand, state: JobState
) -> None:
    await hand.put(state, spec(unique_key="u"))
    await store.jobs.submit(spec(unique_key="u"))


async def test_a_customer_and_a_key_are_never_taken_for_others(store: Store) -> None:
    for customer, unique_key in (("a", "bc"), ("ab", "c"), (None, "abc"), ("1:a", "bc")):
        await store.jobs.submit(spec(customer_id=customer, unique_key=unique_key))
