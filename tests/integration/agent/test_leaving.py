"""An agent that ends by itself, as a process: why, how, and with which code."""

from pathlib import Path

import pytest

from shared.messages import CompleteJob, JobCompletedAck, JobFailedAck, RegisterWorker, ReleaseJob
from shared.states import Reason
from tests.fakes.hub import FakeHub
from tests.support.agents import Start, end

QUICK = {"WORKER_SIMULATION_PROCESSING_TIME": "0", "WORKER_SIMULATION_FAILURE_RATE": "0"}
LONG = {"WORKER_SIMULATION_PROCESSING_TIME": "3600"}


@pytest.mark.parametrize("flags", [["--once"], ["--max-jobs=1"]])
async def test_after_its_number_of_jobs_it_ends(
    hub: FakeHub, start: Start, flags: list[str]
) -> None:
    agent = await start("run", *flags, **QUICK)
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    code, output = await end(agent)
    assert (code, "it has done 1 jobs" in output) == (0, True), output


async def test_the_only_job_may_take_its_time(hub: FakeHub, start: Start) -> None:
    agent = await start(
        "run",
        "--once",
        "--drain-s=0",
        WORKER_SIMULATION_PROCESSING_TIME="2",
        WORKER_SIMULATION_FAILURE_RATE="0",
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    assert (await end(agent))[0] == 0


@pytest.mark.parametrize(("flags", "done"), [([], 0), (["--done-code=10"], 10)])
async def test_an_idle_agent_ends(hub: FakeHub, start: Start, flags: list[str], done: int) -> None:
    agent = await start("run", "--exit-after-idle-s=1", *flags)
    await hub.welcomed()
    code, output = await end(agent)
    assert (code, "idle for 1 s" in output) == (done, True), output


async def test_an_agent_that_has_been_up_for_long_drains_and_ends(
    hub: FakeHub, start: Start
) -> None:
    agent = await start("run", "--max-uptime-s=2", "--drain-s=0", **LONG)
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    released = await talk.hear(ReleaseJob)
    assert released.reason is Reason.DRAINED
    await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    code, output = await end(agent)
    assert (code, "up for 2 s" in output) == (0, True), output


async def test_a_machine_that_is_taken_away_gives_back_at_once(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    notice = tmp_path / "notice"
    agent = await start(
        "run",
        f"--spot-notice-file={notice}",
        "--spot-notice-every-s=0.1",
        "--drain-s=3600",
        **LONG,
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    notice.touch()
    released = await talk.hear(ReleaseJob)
    assert (released.job_id, released.reason) == ("a", Reason.PREEMPTED)
    await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    assert (await end(agent))[0] == 7


async def test_metadata_of_a_cloud_give_notice(hub: FakeHub, start: Start) -> None:
    hub.pages["/preempted"] = "FALSE"
    agent = await start(
        "run", f"--spot-notice-url={hub.url}/preempted", "--spot-notice-every-s=0.1"
    )
    await hub.welcomed()
    assert agent.returncode is None
    hub.pages["/preempted"] = "TRUE"
    assert (await end(agent))[0] == 7


async def test_what_the_machine_is_is_told_at_registration(hub: FakeHub, start: Start) -> None:
    await start(
        "run",
        RUNPOD_POD_ID="abc",
        RUNPOD_DC_ID="EU-RO-1",
        WORKER_SPOT="yes",
        RATE_PER_HOUR="0.44",
        WORKER_LABELS="disk=nvme",
    )
    registration: RegisterWorker = await (await hub.accepted()).welcome()
    can_do = registration.capabilities
    assert can_do.location.region == "EU-RO-1"
    assert can_do.cost.rate_per_hour == 0.44
    assert can_do.labels == {"provider": "runpod", "spot": "true", "disk": "nvme"}
