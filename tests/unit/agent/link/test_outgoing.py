"""What waits to be written."""

import asyncio

from agent.link.outgoing import Outgoing
from shared.messages import ClaimJob, CompleteJob, UpdateJobProgress, WorkerHeartbeat

CLAIM = ClaimJob(worker_id="w1")


def progress(lease: str, percent: float) -> UpdateJobProgress:
    return UpdateJobProgress(job_id="a", worker_id="w1", lease=lease, progress=percent)


async def taken(outgoing: Outgoing, count: int) -> list[object]:
    return [await outgoing.next() for _ in range(count)]


async def test_messages_go_out_in_order() -> None:
    outgoing = Outgoing()
    other = ClaimJob(worker_id="w2")
    sent = [progress("x", 1), CLAIM, other, progress("y", 2)]
    for message in sent:
        outgoing.put(message)
    assert await taken(outgoing, 4) == sent


async def test_of_an_attempts_progress_only_the_latest_waits() -> None:
    outgoing = Outgoing()
    for message in (progress("x", 1), progress("y", 1), progress("x", 2), CLAIM):
        outgoing.put(message)
    assert await taken(outgoing, 3) == [progress("x", 2), progress("y", 1), CLAIM]


async def test_a_result_says_that_its_attempt_has_started() -> None:
    outgoing, result = Outgoing(), CompleteJob(job_id="a", lease="x", result={})
    for message in (progress("x", 1), progress("y", 1), result):
        outgoing.put(message)
    assert await taken(outgoing, 2) == [progress("y", 1), result]


async def test_claims_of_a_worker_go_out_as_one_behind_the_reports() -> None:
    outgoing, result = Outgoing(), CompleteJob(job_id="a", lease="x", result={})
    for message in (ClaimJob(worker_id="w1", slots=2), result, CLAIM):
        outgoing.put(message)
    assert await taken(outgoing, 2) == [result, ClaimJob(worker_id="w1", slots=3)]


async def test_a_report_that_comes_in_the_turn_that_wakes_the_writer_takes_its_place() -> None:
    outgoing, result = Outgoing(), CompleteJob(job_id="a", lease="x", result={})
    waiting = asyncio.create_task(outgoing.next())
    await asyncio.sleep(0)
    outgoing.put(progress("x", 1))
    await asyncio.sleep(0)
    outgoing.put(result)
    assert await waiting == result


async def test_who_waits_gets_the_next_message() -> None:
    outgoing = Outgoing()
    waiting = asyncio.create_task(outgoing.next())
    await asyncio.sleep(0)
    outgoing.put(CLAIM)
    assert await waiting == CLAIM


async def test_a_new_connection_begins_empty() -> None:
    outgoing = Outgoing()
    outgoing.put(progress("x", 1))
    outgoing.clear()
    waiting = asyncio.create_task(outgoing.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    outgoing.put(CLAIM)
    assert await waiting == CLAIM


async def test_heartbeats_are_taken_out_of_what_waits() -> None:
    outgoing, beat = Outgoing(), WorkerHeartbeat(worker_id="w1")
    for message in (CLAIM, beat, progress("x", 1)):
        outgoing.put(message)
    assert outgoing.beats() == [beat]
    assert outgoing.beats() == []
    assert await taken(outgoing, 2) == [CLAIM, progress("x", 1)]
