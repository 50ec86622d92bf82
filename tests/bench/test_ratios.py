import pytest

from tests.bench.bare import Bare
from tests.bench.claims import Claim
from tests.bench.codec import Codec
from tests.bench.idle import Idle
from tests.bench.monitor import Told
from tests.bench.ours import OURS
from tests.bench.peers.figures import Figures, Percentiles
from tests.bench.ratios import Ratio, bare_ratios, claim_ratios, queue_ratios, wire_ratios


def claim(jobs: int, lanes: int, claim_us: float) -> Claim:
    return Claim("narrow", jobs, lanes, claim_us)


def figures(peer: str, p50_ms: float, jobs_s: float, server: str = "s") -> Figures:
    return Figures(peer, "1", server, Percentiles(p50_ms, p50_ms), jobs_s, jobs_s)


def test_many_jobs_are_set_over_few_in_equally_many_lanes_and_many_lanes_over_few() -> None:
    measured = [claim(1, 1, 10), claim(9, 1, 15), claim(1, 5, 20), claim(9, 5, 60)]

    assert {each.name: (each.value, each.is_met) for each in claim_ratios(measured)} == {
        "claim, narrow, 1 lanes: 9 jobs over 1": (1.5, True),
        "claim, narrow, 5 lanes: 9 jobs over 1": (3, False),
        "claim, narrow, 1 jobs: 5 lanes over 1": (2, True),
        "claim, narrow, 9 jobs: 5 lanes over 1": (4, False),
    }


def test_pick_up_is_set_over_the_best_of_the_others_and_throughput_over_each() -> None:
    rows = [figures(OURS.name, 2, 500), figures("saq", 4, 1000), figures("other", 1, 250)]

    assert list(queue_ratios(rows)) == [
        Ratio("pick-up p50 over that of other, the best, s", 2, at_most=1),
        Ratio("throughput over that of saq, s", 0.5, at_least=1),
        Ratio("throughput over that of other, s", 2),
    ]


def test_the_pick_up_is_set_over_its_parts_and_these_over_the_others_on_the_same_server() -> None:
    rows = [figures(OURS.name, 3, 1), figures("other", 4, 1), figures("other", 9, 1, "t")]

    assert list(bare_ratios(rows, [Bare("s", Percentiles(1, 2))])) == [
        Ratio("pick-up p50 over that of its parts alone, s", 3),
        Ratio("pick-up p50 of the parts alone over that of other, s", 0.25),
    ]


def test_queues_on_different_servers_are_not_compared() -> None:
    assert list(queue_ratios([figures(OURS.name, 2, 500), figures("saq", 4, 1000, "t")])) == []


def test_the_largest_crowd_and_each_monitor_are_set_over_what_they_may_cost() -> None:
    idle = [Idle(each, 30, 20, each / 100, 1, 30, 1) for each in (1000, 5000)]
    found = wire_ratios(idle, Codec(30, 60), [Told("all", 150, 9)])

    assert [(each.value, each.is_met) for each in found] == [(0.5, True), (1, True), (1.5, False)]


@pytest.mark.parametrize(
    ("ratio", "is_met"),
    [
        (Ratio("r", 1, at_most=1), True),
        (Ratio("r", 1.01, at_most=1), False),
        (Ratio("r", 1, at_least=1), True),
        (Ratio("r", 0.99, at_least=1), False),
        (Ratio("r", 7), True),
    ],
)
def test_a_goal_is_met_within_its_bound(ratio: Ratio, *, is_met: bool) -> None:
    assert ratio.is_met is is_met
