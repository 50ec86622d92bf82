"""What is told of a waiting job is what claims then do."""

import hypothesis.strategies as st
import pytest
from attrs import frozen
from hypothesis import given

from hub.store.preferences import STRICT, Preferences
from shared.matching import Capability
from tests.properties.profile import PROFILE, TIMEOUT_S
from tests.properties.test_order import (
    ASKED,
    LANE_SETS,
    Asked,
    empty_store,
    give_back,
    submitted,
)
from tests.support.store import Store


@frozen
class Question:
    """Why does one of the waiting jobs wait? Then a worker claims, and keeps the job or not."""

    job: int
    worker: int
    is_kept: bool
    how: str


QUESTIONS = st.builds(
    Question,
    st.integers(0, 99),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from(["release", "retry"]),
)


async def told(store: Store, job_id: str) -> dict[str, str]:
    """The verdict on each worker."""
    explanation = await store.explainer.explain(job_id)
    assert explanation is not None
    assert explanation.workers is not None
    return {each.worker_id: each.verdict for each in explanation.workers}


@pytest.mark.timeout(TIMEOUT_S)
@PROFILE
@given(
    jobs=st.lists(ASKED, min_size=5, max_size=30),
    lanes=st.lists(LANE_SETS, min_size=3, max_size=3),
    slots=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    questions=st.lists(QUESTIONS, min_size=3, max_size=12),
    prefer=st.sampled_from([STRICT, Preferences(3, 100), Preferences(1, 5)]),
)
async def test_an_able_and_free_worker_is_one_whose_next_claim_returns_this_job_or_one_before_it(
    redis_url: str,
    jobs: list[Asked],
    lanes: list[set[int]],
    slots: list[int],
    questions: list[Question],
    prefer: Preferences,
) -> None:
    async with empty_store(redis_url, prefer) as store:
        waiting = await submitted(store, jobs)
        hands = [
            await store.hand(f"w{n}", capability=can(each), slots=slots[n])
            for n, each in enumerate(lanes)
        ]
        for question in questions:
            if not waiting:
                return
            job_id = sorted(waiting, key=lambda each: waiting[each][0])[question.job % len(waiting)]
            hand = hands[question.worker]
            verdict = (await told(store, job_id))[hand.worker_id]
            (outlook,) = await store.outlook.peek(
                hand.class_, hand.capability, 100, [hand.worker_id]
            )
            claimed = await hand.claim()
            first = claimed[0].lease.job_id if claimed else None
            is_before = first is not None and waiting[first][0] <= waiting[job_id][0]
            # What an unable worker claims may be before the job as well: it says nothing of it.
            assert (verdict == "free") == (is_before and job_id in outlook)
            assert (verdict in {"unable", "kept"}) == (job_id not in outlook)
            assert first is None or first == outlook[0]
            if claimed and question.is_kept:
                del waiting[claimed[0].lease.job_id]
            elif claimed:
                await give_back(store, claimed[0].lease, question.how)


def can(lanes: set[int]) -> Capability:
    return Capability(services=tuple(f"s{lane}" for lane in sorted(lanes)))
