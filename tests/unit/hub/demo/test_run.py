"""The whole demo, with stand-ins for hub and agent that are real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from attrs import define, evolve, field

from hub.demo import main, run_demo
from hub.demo.options import Options
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.demo_children import Witness, witness
from tests.fakes.rest_hub import JOB_ID, LIFE, RestHub, event, serving

NOWHERE = "http://127.0.0.1:9"


@define
class Stage:
    """A demo that has not begun."""

    hub: RestHub
    seen: Witness
    options: Options
    lives: list[asyncio.StreamReader] = field(factory=list[asyncio.StreamReader])

    async def see_both(self) -> None:
        """Let the job begin when both children run."""
        self.lives += [await self.seen.birth(), await self.seen.birth()]
        self.hub.worker_ready.set()

    async def all_gone(self) -> bool:
        """Whether both children ran and nothing is left of them."""
        return [await life.read() for life in self.lives] == [b"", b""]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with (
        serving(RestHub(files={"a.png": b"A"}, worker_ready=asyncio.Event())) as hub,
        witness() as seen,
    ):
        environ = {**os.environ, "HUB_DATA_DIR": str(tmp_path / "d"), "COMFYUI_URL": NOWHERE}
        options = Options(
            environ=environ,
            out_dir=tmp_path / "out",
            port=0,
            once=True,
            hub_command=seen.child(f"emp-hub listening on {hub.url}"),
            agent_command=seen.child("the agent is up"),
        )
        stage = Stage(hub, seen, options)
        seeing = asyncio.create_task(stage.see_both())
        yield stage
        seeing.cancel()


async def test_once_shows_the_life_of_the_job_saves_its_file_and_stops(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run_demo(stage.options) == 0
    assert await stage.all_gone()
    told = capsys.readouterr().out
    path = stage.options.out_dir / "a.png"
    assert path.read_bytes() == b"A"
    for part in (stage.hub.url, JOB_ID, "KSampler step 8 of 20", f"{path}", "finished"):
        assert part in told
    assert told.index("Stopping the agent") < told.index("Stopping the hub")
    (sent,) = stage.hub.submitted
    assert (sent["type"], sent["priority"]) == ("simulation", 50)
    assert sent["payload"]["workflow"]["3"]["class_type"] == "KSampler"


async def test_a_comfyui_that_answers_gets_the_job(stage: Stage) -> None:
    async with FakeComfyUI().listening() as fake:
        environ = {**stage.options.environ, "COMFYUI_URL": fake.url}
        assert await run_demo(evolve(stage.options, environ=environ)) == 0
        assert stage.hub.submitted[0]["type"] == "comfyui"


async def test_a_job_that_failed_fails_the_demo_with_its_error(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.hub.events = (*LIFE[:3], event("failed", "failed"))
    stage.hub.job = {"status": "failed", "error": "no such checkpoint"}
    assert await run_demo(stage.options) == 1
    told = capsys.readouterr().out
    assert f"The demo failed: job {JOB_ID} is failed: no such checkpoint" in told
    assert "agent.log ends with:\n  the agent is up\n" in told


async def test_a_job_that_stands_still_fails_the_demo_with_what_holds_it_up(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.hub.events = LIFE[:3]
    assert await run_demo(evolve(stage.options, work_patience_s=0.5)) == 1
    told = capsys.readouterr().out
    assert f"job {JOB_ID} made no progress for 0.5 s: no worker is connected" in told


async def test_a_refusal_fails_the_demo_with_the_hubs_words(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = {"field": "payload.workflow", "problem": "UI format; use Export (API)"}
    stage.hub.refusal = (400, {"error": "not valid", "fields": [fault]})
    assert await run_demo(stage.options) == 1
    assert "payload.workflow: UI format; use Export (API)" in capsys.readouterr().out


async def test_an_agent_that_ends_fails_the_demo_with_its_last_words(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.hub.events = LIFE[:3]
    agent = stage.seen.child("my last words", then="end with 9")
    running = asyncio.create_task(run_demo(evolve(stage.options, agent_command=agent)))
    await stage.hub.worker_ready.wait()
    stage.seen.end()
    assert await running == 1
    assert await stage.all_gone()
    told = capsys.readouterr().out
    assert "The demo failed: the agent ended with status 9: my last words" in told


async def test_a_folder_that_cannot_be_made_is_named_before_anything_starts(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "out"
    assert await run_demo(evolve(stage.options, out_dir=folder)) == 1
    told = capsys.readouterr().out
    assert f"results cannot be kept in {folder} (Not a directory)" in told
    assert "--out" in told
    assert not stage.lives
    environ = {**stage.options.environ, "HUB_DATA_DIR": str(folder)}
    assert await run_demo(evolve(stage.options, environ=environ)) == 1
    assert "with HUB_DATA_DIR" in capsys.readouterr().out


def test_main_runs_what_the_words_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workflow", str(tmp_path / "none.json")], {}) == 1
    assert "none.json cannot be read" in capsys.readouterr().out


@pytest.fixture
def program(stage: Stage) -> str:
    """The stage's demo, serving on, as a Python program."""
    return f"""
import asyncio, os, pathlib
from hub.demo import run_demo
from hub.demo.options import Options
options = Options(
    environ={dict(stage.options.environ)!r},
    out_dir=pathlib.Path({str(stage.options.out_dir)!r}),
    port=0,
    hub_command={stage.options.hub_command!r},
    agent_command={stage.options.agent_command!r},
)
raise SystemExit(asyncio.run(run_demo(options)))
"""


async def _started(program: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=pipe, env=environ
    )


async def _read_to(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stdout
    told = ""
    while words not in told:
        line = await process.stdout.readline()
        assert line, f"ended before it said {words!r}:\n{told}"
        told += line.decode()
    return told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_serves_until_it_is_interrupted(
    stage: Stage, program: str, number: signal.Signals
) -> None:
    process = await _started(program)
    told = await _read_to(process, "The demo serves until Ctrl-C.")
    assert f"curl -s {stage.hub.url}/jobs" in told
    assert f"{stage.hub.url}/docs" in told
    process.send_signal(number)
    assert await process.communicate() == (
        b"Stopping the agent ...\nStopping the hub ...\n",
        None,
    )
    assert process.returncode == 0
    assert await stage.all_gone()


async def test_an_interrupt_before_the_job_is_done_stops_everything(
    stage: Stage, program: str
) -> None:
    stage.hub.events = LIFE[:3]
    process = await _started(program)
    await _read_to(process, "KSampler")
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 130
    assert await stage.all_gone()


async def test_nothing_survives_a_demo_that_is_killed(stage: Stage, program: str) -> None:
    stage.hub.events = LIFE[:3]
    process = await _started(program)
    await _read_to(process, "KSampler")
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert await stage.all_gone()
