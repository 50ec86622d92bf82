"""What is too large for one frame reaches the agent, and leaves it, in pieces."""

import pytest

from agent.connectors.base import Result
from agent.link import pieces as module
from shared.messages import (
    ClaimJob,
    CompleteJob,
    FailJob,
    JobAssigned,
    SystemStatus,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
)
from shared.pieces import PIECE, split
from shared.states import ErrorClass
from shared.wire import decode, encode
from tests.fakes.hub import FakeHub, Talk, assignment, lease_of
from tests.integration.agent.test_link import Agent, agent
from tests.support.waiting import wait_until

__all__ = ["agent"]

LARGE = "é" * (3 * PIECE)


async def give_in_pieces(talk: Talk, job: JobAssigned) -> list[SystemStatus]:
    """Say an assignment in pieces, and give them back."""
    await talk.hear(ClaimJob)
    pieces = [each for each in split(encode(job)) if isinstance(each, SystemStatus)]
    for piece in reversed(pieces):
        await talk.say(piece)
    return pieces


async def test_a_large_payload_comes_in_pieces_and_a_large_result_goes_in_pieces(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    job = assignment("a", params={"text": LARGE})
    await give_in_pieces(talk, job)
    await agent.connector.started("a")
    assert agent.connector.works["a"].payload == {"text": LARGE}
    agent.connector.finish("a", Result(data={"text": LARGE}))
    texts, total = list[str](), 1
    while len(texts) < total:
        piece = await talk.hear(SystemStatus)
        total = (piece.chunk_info or {})["total_chunks"]
        texts.append(piece.data)
    report = decode("".join(texts))
    assert isinstance(report, CompleteJob)
    assert (report.result, report.lease) == ({"text": LARGE}, job.lease)


async def test_heartbeats_go_between_the_pieces(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    job = await talk.give("a")
    await agent.connector.started("a")
    talk.socket.transport.pause_reading()
    agent.connector.finish("a", Result(data={"text": "x" * 20 * PIECE}))
    await wait_until(lambda: agent.worker.outbox.leases)
    agent.worker.beat({})
    talk.socket.transport.resume_reading()
    await wait_until(lambda: last_piece(talk) is not None)
    first = next(at for at, each in enumerate(talk.heard) if isinstance(each, SystemStatus))
    between = talk.heard[first : last_piece(talk)]
    beats = [each for each in between if isinstance(each, WorkerHeartbeat)]
    assert beats
    assert beats[0].running == (lease_of(job),)


def last_piece(talk: Talk) -> int | None:
    """Where among the messages the last piece is, once it has come."""
    for at, each in enumerate(talk.heard):
        info = each.chunk_info if isinstance(each, SystemStatus) else None
        if info and info["chunk_index"] == info["total_chunks"] - 1:
            return at
    return None


async def test_a_piece_that_does_not_fit_is_logged_and_the_next_message_heard(
    hub: FakeHub, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await hub.welcomed()
    first, *_ = await give_in_pieces(talk, assignment("a", params={"text": LARGE}))
    await agent.connector.started("a")
    await talk.say(first)
    await talk.say(first)
    await wait_until(lambda: "has come already" in caplog.text)
    await talk.say(WorkerHeartbeatAck(worker_id="w1", lost=()))
    await talk.socket.close()
    await hub.welcomed()  # where nothing of it is left


async def test_a_result_that_is_too_large_for_any_hub_fails_the_attempt(
    hub: FakeHub, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    talk = await hub.welcomed()
    job = await talk.give("a")
    await agent.connector.started("a")
    agent.connector.finish("a", Result(data={"text": "x" * 1000}))
    report = await talk.hear(FailJob)
    assert (report.lease, report.retry) == (job.lease, False)
    assert report.error_class is ErrorClass.VALIDATION
    assert "larger than 1000 characters" in report.error
