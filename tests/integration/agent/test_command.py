"""The agent as a process: its command line, its signals, its exit codes."""

import re
import signal
from http import HTTPStatus
from pathlib import Path

import pytest

from agent.__main__ import _EXIT_CODES  # pyright: ignore[reportPrivateUsage]
from shared.messages import CompleteJob, JobCompletedAck, JobFailedAck, ReleaseJob
from tests.fakes.hub import FakeHub
from tests.support.agents import Start, end
from tests.support.tree import ROOT


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_a_job_is_done_and_a_signal_ends_the_agent(
    hub: FakeHub, start: Start, name: str
) -> None:
    agent = await start(
        "run",
        "--simulation-processing-time-s=0",
        WORKER_SIMULATION_FAILURE_RATE="0",
        LOG_FORMAT="json",
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    agent.send_signal(signal.Signals[name])
    code, output = await end(agent)
    assert (code, "Traceback" in output) == (0, False), output


async def test_a_second_signal_gives_the_job_back_at_once(hub: FakeHub, start: Start) -> None:
    agent = await start("run", WORKER_SIMULATION_PROCESSING_TIME="3600")
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    agent.send_signal(signal.SIGTERM)
    agent.send_signal(signal.SIGINT)
    assert (await talk.hear(ReleaseJob)).job_id == "a"
    await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    assert (await end(agent))[0] == 0


async def test_a_refused_token_is_code_3(hub: FakeHub, start: Start) -> None:
    hub.refusal = HTTPStatus.FORBIDDEN
    code, output = await end(await start("run", WORKER_TOKEN="wrong"))
    assert code == 3
    assert "WORKER_TOKEN" in output
    assert "Traceback" not in output


async def test_an_id_that_is_taken_is_code_4(hub: FakeHub, start: Start) -> None:
    agent = await start("run")
    await (await hub.welcomed()).socket.close(4409, "replaced")
    code, output = await end(agent)
    assert code == 4
    assert "WORKER_ID" in output


async def test_no_usable_connector_is_code_5_with_the_reasons(start: Start) -> None:
    code, output = await end(
        await start("run", "--connectors=comfyui", COMFYUI_URL="http://127.0.0.1:9")
    )
    assert code == 5
    assert "no ComfyUI answers at http://127.0.0.1:9" in output
    assert "Traceback" not in output


BROKEN = """
from examples.connector import Reverser

class Broken(Reverser):
    async def open(self):
        raise ZeroDivisionError("a bug of its own")

def make_connector(environ):
    return Broken(0)
"""


async def test_what_is_broken_is_code_1_with_the_traceback_and_nothing_after(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "broken.py"
    path.write_text(BROKEN)
    code, output = await end(await start("run", f"--connectors={path}", PYTHONPATH=str(ROOT)))
    assert code == 1
    assert "ZeroDivisionError: a bug of its own" in output.splitlines()[-2]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["run", "--connectors=comfy"], "there are a1111, comfyui"),
        (["run", "--max-concurrent-jobs=0"], "WORKER_MAX_CONCURRENT_JOBS"),
        (["run", "--simulation-steps=-1"], "steps"),
        (["walk"], "run"),
        ([], "command"),
    ],
)
async def test_what_cannot_be_used_is_code_2(start: Start, argv: list[str], words: str) -> None:
    code, output = await end(await start(*argv))
    assert code == 2
    assert words in output


async def test_the_help_tells_the_exit_codes_and_the_version_is_told(start: Start) -> None:
    code, output = await end(await start("--help"))
    assert (code, "exit codes:" in output) == (0, True)
    code, output = await end(await start("--version"))
    assert (code, output.strip().count(".")) == (0, 2)
    code, output = await end(await start("run", "--help"))
    assert (code, "WORKER_SIMULATION_STEPS" in output) == (0, True)


def test_the_help_and_the_documentation_have_the_same_exit_codes() -> None:
    told = re.findall(r"^  (\d+)  ", _EXIT_CODES, re.MULTILINE)
    _, _, documented = (ROOT / "docs" / "agent.md").read_text().partition("## Exit codes")
    assert re.findall(r"^\| (\d+) \|", documented, re.MULTILINE) == told
    assert told == [str(code) for code in range(10)]


async def test_the_settings_are_printed_with_their_sources(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('token = "open sesame"\ngpus = ["0", "1"]\n')
    code, output = await end(await start("config", f"--config={path}", "--drain-s=5"))
    assert code == 0
    assert f"token = ***  # file {path}" in output
    assert "sesame" not in output
    assert f"gpus = ('0', '1')  # file {path}" in output
    assert "drain_s = 5.0  # flag --drain-s" in output
    assert f"hub_url = '{hub.url}'  # environment HUB_URL" in output


async def test_the_gpus_that_vast_counts_are_not_those_of_each_worker(start: Start) -> None:
    vast = {"VAST_CONTAINERLABEL": "C.1", "GPU_COUNT": "8"}
    code, output = await end(await start("config", **vast))
    assert (code, "gpu_count = None  # default" in output) == (0, True), output
