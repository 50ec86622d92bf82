"""The heartbeat."""

from typing import Any

from agent.heartbeat import heartbeat


class Patient:
    """A worker whose hub answers the first `answers` heartbeats."""

    def __init__(self, answers: int) -> None:
        self.id = "w1"
        self.unanswered = 0
        self.beats: list[dict[str, Any]] = []
        self._answers = answers

    def beat(self, system_info: dict[str, Any]) -> None:
        self.beats.append(system_info)
        self.unanswered = 0 if len(self.beats) <= self._answers else self.unanswered + 1


async def test_it_ends_when_three_in_a_row_are_not_answered() -> None:
    worker = Patient(answers=2)
    await heartbeat(worker, period_s=0)
    assert len(worker.beats) == 5


async def test_every_beat_tells_how_busy_the_machine_is() -> None:
    worker = Patient(answers=0)
    await heartbeat(worker, period_s=0)
    for info in worker.beats:
        assert info.keys() >= {"cpu_usage", "memory_usage", "disk_usage", "uptime"}


async def test_it_beats_oftener_than_the_hub_asks_for_if_it_is_told_to() -> None:
    worker = Patient(answers=0)
    await heartbeat(worker, period_s=3600, at_most_s=0.001)
    assert len(worker.beats) == 3
