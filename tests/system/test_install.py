"""The one line: a machine with an empty home becomes a worker, and ceases to be one."""

import shutil
import stat
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.installs import STAND_IN, Box
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

QUICK = ("--worker-id box", "--simulation-failure-rate 0", "--simulation-processing-time-s 0.1")


@pytest.fixture
async def box(site: Site, tmp_path: Path) -> AsyncGenerator[Box]:
    box = Box(site, tmp_path)
    box.hand_out(STAND_IN)
    yield box
    box.background.stop(10)


async def test_one_line_makes_a_machine_work_and_another_ends_it(box: Box) -> None:
    job_id = await box.site.submit()
    code, said = box.paste(await box.line(), *QUICK)
    assert code == 0, said
    assert f"it appears as box at {box.site.url}/workers" in said
    await box.site.reaches(job_id, "completed")
    state = box.home / ".emp-agent"
    kept = [state / name for name in ("agent.toml", "credential.json")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600, 0o600]
    assert 'worker_id = "box"' in kept[0].read_text()
    assert "enrolment" not in kept[0].read_text()
    machines = (await box.site.http.get(f"{box.site.url}/machines")).json()["machines"]
    assert [each["agent_id"] for each in machines] == ["box"]

    code, said = box.ask("uninstall")
    assert (code, "the agent has ended" in said) == (0, True), said
    assert box.background.find() is None
    assert not kept[1].exists()
    code, said = box.ask("uninstall")
    assert (code, "no agent was running here" in said) == (0, True), said


async def test_the_line_again_replaces_what_runs_and_needs_no_new_token(box: Box) -> None:
    line = await box.line()
    assert box.paste(line, *QUICK)[0] == 0
    first = box.background.find()
    assert first is not None
    code, said = box.paste(line)  # the token is used up, and the settings are kept
    assert code == 0, said
    second = box.background.find()
    assert second is not None
    assert (first.is_running(), second.pid == first.pid) == (False, False)
    assert await box.site.has_worker("box")


async def test_a_token_that_is_used_up_is_told_and_nothing_runs(box: Box) -> None:
    line = await box.line()
    assert box.paste(line, *QUICK)[0] == 0
    box.background.stop(10)
    shutil.rmtree(box.home / ".emp-agent")
    code, said = box.paste(line, *QUICK)
    assert code == 3
    assert "token: unknown, used up or expired" in said
    assert box.background.find() is None


async def test_an_agent_that_ends_at_once_is_told_with_its_last_words(box: Box) -> None:
    code, said = box.paste(
        await box.line(), "--connectors comfyui", "--comfyui-url http://127.0.0.1:9"
    )
    assert code == 8
    assert "it has ended with code 5" in said
    assert "no ComfyUI answers" in said
    assert "agent.log" in said


async def test_pm2_gets_an_ecosystem_and_nothing_else_runs(box: Box) -> None:
    code, said = box.paste(await box.line(), "--pm2", *QUICK)
    assert code == 0, said
    path = box.home / ".emp-agent" / "ecosystem.config.cjs"
    assert '"--done-code",\n        "10"' in path.read_text()
    assert "pm2" in said
    assert box.background.find() is None


async def test_what_arrives_broken_is_not_installed(box: Box) -> None:
    line = await box.line()
    await box.site.http.get(f"{box.site.url}/agent/emp-agent.sha256")
    script = (await box.site.http.get(f"{box.site.url}/install.sh")).text
    file = box.home / "install.sh"
    file.write_text(script.replace("agent/emp-agent.sha256", "health"))
    code, said = box.paste(line.replace(f"curl -fsSL {box.site.url}/install.sh", f"cat {file}"))
    assert (code, "not what the hub serves" in said) == (1, True), said
    box.hand_out("#!/bin/sh\nexit 1\n")
    code, said = box.paste(line)
    assert (code, "does not run on this machine" in said) == (1, True), said
    assert [path.name for path in box.agent.parent.iterdir()] == []


async def test_a_script_that_is_cut_off_does_nothing(box: Box) -> None:
    script = (await box.site.http.get(f"{box.site.url}/install.sh")).text
    file = box.home / "install.sh"
    file.write_text(script[: script.index('main "$@"')])
    assert box.paste(f"cat {file} | sh -s -- --token x") == (0, "")


async def test_without_a_binary_the_hub_says_what_its_operator_can_do(box: Box) -> None:
    (box.site.data_dir / "agent" / "emp-agent").unlink()
    for path in ("/install.sh", "/agent/emp-agent", "/agent/emp-agent.sha256"):
        answer = await box.site.http.get(box.site.url + path)
        assert answer.status_code == 404
        assert "make agent" in answer.json()["error"]


@pytest.mark.parametrize("host", ["a'; reboot; '", "x y", "$(id)"])
async def test_a_host_that_a_shell_would_read_is_refused(box: Box, host: str) -> None:
    for ask in (
        box.site.http.get(f"{box.site.url}/install.sh", headers={"Host": host}),
        box.site.http.post(f"{box.site.url}/enrolment-tokens", headers={"Host": host}),
    ):
        answer = await ask
        assert answer.status_code == 400
        assert "token" not in answer.json()


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_script_is_clean() -> None:
    subprocess.run(["shellcheck", "hub/installer/install.sh"], check=True)
