"""What a worker prefers, it prefers among equals only, and not at the cost of anybody for ever."""

from collections import Counter, defaultdict

import hypothesis.strategies as st
import pytest
from hypothesis import given

from hub.store.preferences import Preferences
from tests.properties.profile import PROFILE, TIMEOUT_S
from tests.properties.test_order import (
    ASKED,
    LANE_SETS,
    TURNS,
    Asked,
    Turn,
    at_work,
    claims,
    empty_store,
    give_back,
    may_take,
    submitted,
)

CHOICES = 8


@pytest.mark.timeout(TIMEOUT_S)
@PROFILE
@given(
    jobs=st.lists(ASKED, min_size=10, max_size=50),
    lanes=st.lists(LANE_SETS, min_size=3, max_size=3),
    turns=st.lists(TURNS, min_size=10, max_size=40),
    prefer=st.builds(Preferences, st.integers(0, 3), st.integers(0, 30)),
)
async def test_no_job_is_passed_over_more_often_than_allowed_nor_for_another_priority(
    redis_url: str,
    jobs: list[Asked],
    lanes: list[set[int]],
    turns: list[Turn],
    prefer: Preferences,
) -> None:
    async with empty_store(redis_url, prefer) as store:
        waiting = await submitted(store, jobs)
        ranks = {job_id: rank for job_id, (rank, _) in waiting.items()}
        passes: Counter[str] = Counter()
        services, hands = await at_work(store, lanes)
        failed: defaultdict[str, set[int]] = defaultdict(set)
        for turn in turns:
            claimed = await claims(hands[turn.worker], turn)
            for each in claimed:
                eligible = [
                    name
                    for name, (_, service) in waiting.items()
                    if may_take(turn.worker, service, services, failed[name])
                ]
                order = sorted(eligible, key=lambda name: ranks[name])
                place = order.index(each.lease.job_id)
                first = ranks[order[0]]
                assert place < CHOICES
                assert ranks[each.lease.job_id][0] == first[0]
                assert abs(ranks[each.lease.job_id][3] - first[3]) <= prefer.window
                passes.update(order[:place])
                del waiting[each.lease.job_id]
            assert max(passes.values(), default=0) <= (prefer.passes if prefer.window else 0)
            returned = {turn.back % len(claimed)} if claimed and turn.how != "keep" else set[int]()
            for n in returned:
                job_id = claimed[n].lease.job_id
                await give_back(store, claimed[n].lease, turn.how)
                failed[job_id] |= {turn.worker} if turn.how == "retry" else set()
                waiting[job_id] = (ranks[job_id], f"s{jobs[ranks[job_id][3] - 1].lane}")
        kept = {job_id: (await store.facts(job_id)).get("passes", "0") for job_id in ranks}
        assert {job_id: int(n) for job_id, n in kept.items() if n != "0"} == dict(passes)
