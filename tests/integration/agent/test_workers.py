"""One worker for each GPU of a machine, all on the agent's one connection."""

import signal
from asyncio.subprocess import Process
from pathlib import Path

from attrs import evolve

from shared.messages import (
    ClaimJob,
    CompleteJob,
    ConnectionEstablished,
    FailJob,
    JobCompletedAck,
    RegisterWorker,
    ReleaseJob,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerRegistered,
)
from tests.fakes.hub import STARTING, FakeHub, Talk, assignment
from tests.fakes.nvml import presets
from tests.fakes.nvml.presets import LOST, Machine, h100, machine, rtx4090, xid
from tests.support.agents import Start, end
from tests.support.waiting import wait_until


async def agent_of(
    start: Start, nvml: Path, tmp_path: Path, described: Machine, processing_time: str = "0"
) -> Process:
    """An agent on a machine with these GPUs."""
    path = presets.write(described, tmp_path / "machine.json")
    environ = {"LD_LIBRARY_PATH": str(nvml), "FAKE_NVML_JSON": str(path)}
    return await start(
        "run",
        WORKER_SIMULATION_PROCESSING_TIME=processing_time,
        WORKER_SIMULATION_FAILURE_RATE="0",
        **environ,
    )


async def registered(talk: Talk, count: int) -> list[RegisterWorker]:
    """The workers as they introduce themselves once they have started, by their ids."""
    talk.answers_beats = True
    await talk.say(ConnectionEstablished(message="welcome"))
    started: dict[str, RegisterWorker] = {}
    while len(started) < count:
        each = await talk.hear(RegisterWorker)
        welcome = WorkerRegistered(worker_id=each.worker_id, heartbeat_s=0.5, lease_s=90)
        await talk.say(welcome)
        if each.status != STARTING:
            started[each.worker_id] = each
    return [started[worker_id] for worker_id in sorted(started)]


async def beats_of(talk: Talk, *worker_ids: str) -> dict[str, WorkerHeartbeat]:
    """The next heartbeat of each of these workers; which comes first is not said."""
    beats: dict[str, WorkerHeartbeat] = {}
    while not beats.keys() >= set(worker_ids):
        beat = await talk.hear(WorkerHeartbeat)
        beats.setdefault(beat.worker_id, beat)
    return beats


async def test_every_gpu_is_a_worker_on_the_one_connection(
    hub: FakeHub, start: Start, nvml: Path, tmp_path: Path
) -> None:
    cards = (h100(0), h100(1, errors=LOST), rtx4090(2))
    agent = await agent_of(start, nvml, tmp_path, machine(*cards))
    talk = await hub.accepted()
    first, second = await registered(talk, 2)
    assert (first.worker_id, second.worker_id) == ("w1-gpu0", "w1-gpu2")
    assert first.capabilities.hardware.gpu_memory_gb == 85.5
    assert second.capabilities.hardware.gpu_model == "NVIDIA GeForce RTX 4090"

    beats = await beats_of(talk, "w1-gpu0", "w1-gpu2")
    assert beats["w1-gpu0"].system_info is not None
    assert beats["w1-gpu0"].system_info["gpu_power_w"] == 70
    assert beats["w1-gpu2"].system_info is not None
    assert beats["w1-gpu2"].system_info["gpu_power_w"] == 22

    job = evolve(assignment("a", job_type="simulation"), worker_id="w1-gpu2")
    await talk.say(job)
    report = await talk.hear(CompleteJob)
    assert report.worker_id == "w1-gpu2"
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1-gpu2", status="ok", attempt=1))
    agent.send_signal(signal.SIGTERM)
    assert (await end(agent))[0] == 0


async def test_eight_gpus_each_claim_for_themselves(
    hub: FakeHub, start: Start, nvml: Path, tmp_path: Path
) -> None:
    await agent_of(start, nvml, tmp_path, presets.eight_h100())
    talk = await hub.accepted()
    await registered(talk, 8)
    workers = sorted(f"w1-gpu{index}" for index in range(8))
    await wait_until(lambda: len(claims(talk)) >= len(workers))
    assert sorted(claims(talk)) == workers


def claims(talk: Talk) -> list[str]:
    """Who has asked for jobs so far."""
    return [each.worker_id for each in talk.heard if isinstance(each, ClaimJob)]


async def test_a_card_that_falls_off_the_bus_gives_its_job_back_and_the_other_works_on(
    hub: FakeHub, start: Start, nvml: Path, tmp_path: Path
) -> None:
    await agent_of(start, nvml, tmp_path, machine(h100(0), h100(1)), processing_time="3600")
    talk = await hub.accepted()
    await registered(talk, 2)
    for name in ("w1-gpu0", "w1-gpu1"):
        await talk.say(evolve(assignment(name, job_type="simulation"), worker_id=name))
    started = {(await talk.hear(UpdateJobProgress)).worker_id for _ in range(2)}
    assert started == {"w1-gpu0", "w1-gpu1"}

    fallen = machine(h100(0), h100(1, errors=LOST), events=[xid(1, 1, 79)])
    presets.write(fallen, tmp_path / "machine.json")
    again = await talk.hear(RegisterWorker)
    assert (again.worker_id, again.status) == ("w1-gpu1", "error")
    await talk.say(WorkerRegistered(worker_id="w1-gpu1", heartbeat_s=0.5, lease_s=90))
    released = await talk.hear(ReleaseJob)
    assert (released.job_id, released.worker_id) == ("w1-gpu1", "w1-gpu1")
    assert released.error == "XID 79: the GPU has fallen off the bus"
    await beats_of(talk, "w1-gpu0", "w1-gpu1")  # may be of the time before
    beats = await beats_of(talk, "w1-gpu0", "w1-gpu1")
    notes = {name: (beat.system_info or {}).get("note") for name, beat in beats.items()}
    assert notes == {"w1-gpu0": None, "w1-gpu1": "XID 79: the GPU has fallen off the bus"}
    assert beats["w1-gpu0"].status == "busy"


async def test_what_the_driver_told_of_the_gpu_is_kept_with_the_attempt_that_failed(
    hub: FakeHub, start: Start, nvml: Path, tmp_path: Path
) -> None:
    await agent_of(start, nvml, tmp_path, machine(h100(0)), processing_time="4")
    talk = await hub.accepted()
    await talk.welcome()
    params = {"simulation": {"fault": "cuda"}}
    await talk.say(assignment("a", job_type="simulation", params=params))
    await talk.hear(UpdateJobProgress)
    presets.write(machine(h100(0), events=[xid(1, 0, 31)]), tmp_path / "machine.json")
    failed = await talk.hear(FailJob)
    assert failed.error_class == "cuda"
    assert failed.details is not None
    assert failed.details["xid"] == [31]
    assert failed.details["gpu"]["gpu_temperature"] > 0
