"""What keeps an installed agent running: systemd, PM2, or nobody. The tools write down their calls."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agent import install as installing
from agent.install import InstallError, install, uninstall
from agent.install.keepers import ecosystem, environment, unit
from agent.settings import AgentSettings
from shared.settings import Resolved, resolve

COMMAND = ("/opt/emp-agent/emp-agent", "run", "--config", "/srv/it's 100% $HOME/agent.toml")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `systemctl` and `pm2` write what they are told; both refuse the word `broken`."""
    calls = tmp_path / "calls"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("systemctl", "pm2"):
        (tools / name).write_text(
            f'#!/bin/sh\ncase "$*" in *broken*) echo "no such thing" >&2; exit 1;; esac\n'
            f'echo "{name} $*" >>{calls}\n'
        )
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    (tmp_path / "booted").mkdir()
    monkeypatch.setattr(installing, "_SD_BOOTED", tmp_path / "booted")
    monkeypatch.setattr(installing, "UNIT", tmp_path / "emp-agent.service")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return calls


def resolved(tmp_path: Path, *flags: str) -> Resolved[AgentSettings]:
    """Settings as a command line gives them, with a token so that nobody enrols."""
    given = (f"--state-dir={tmp_path / 'state'}", "--token=a token", "--worker-id=w1", *flags)
    return resolve(AgentSettings, given, {}, "emp-agent install", "")


def test_root_gets_a_system_service_where_systemd_runs(calls: Path, tmp_path: Path) -> None:
    said = install(resolved(tmp_path))
    assert calls.read_text().splitlines() == [
        "systemctl daemon-reload",
        "systemctl enable emp-agent.service",
        "systemctl restart emp-agent.service",
    ]
    assert "journalctl -u emp-agent" in said
    written = (tmp_path / "emp-agent.service").read_text()
    assert f'"--config" "{tmp_path}/state/agent.toml"' in written
    said = uninstall(resolved(tmp_path).settings)
    assert "the agent has ended" in said
    assert "systemctl disable --now emp-agent.service" in calls.read_text()
    assert not (tmp_path / "emp-agent.service").exists()


def test_the_service_goes_out_as_the_one_who_installs_it(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = 'http://me:p"a\\ss$word`@proxy.example:3128'
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/our own.pem")
    install(resolved(tmp_path))
    path = tmp_path / "state" / "agent.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # systemd reads such quotes as the shell does.
    read = 'unset https_proxy; . "$1"; printf "%s\n%s" "$https_proxy" "$SSL_CERT_FILE"'
    said = subprocess.run(
        ["sh", "-euc", read, "sh", path], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == [proxy, "/etc/our own.pem"]
    assert f"EnvironmentFile={path}\n" in (tmp_path / "emp-agent.service").read_text()
    assert environment({"PATH": "/bin", "NO_PROXY": "", "WORKER_TOKEN": "x"}) == ""


@pytest.mark.parametrize("missing", ["systemd", "root"])
def test_elsewhere_systemd_is_refused_with_the_remedy(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "root":
        monkeypatch.setattr("os.geteuid", lambda: 1000)
    else:
        monkeypatch.setattr(installing, "_SD_BOOTED", tmp_path / "nowhere")
    with pytest.raises(InstallError, match="use --supervisor process"):
        install(resolved(tmp_path, "--supervisor=systemd"))
    assert not calls.exists()


def test_pm2_is_asked_to_start_it_where_it_is_and_to_forget_it(calls: Path, tmp_path: Path) -> None:
    path = tmp_path / "state" / "ecosystem.config.cjs"
    for _ in range(2):
        said = install(resolved(tmp_path, "--supervisor=pm2"))
        assert "pm2 logs emp-agent" in said
    said = uninstall(resolved(tmp_path).settings)
    assert "the agent has ended" in said
    told = ("start", "delete", "start", "delete")
    assert calls.read_text().splitlines() == [f"pm2 {word} {path}" for word in told]
    assert not path.exists()


def test_another_keeper_takes_it_over(calls: Path, tmp_path: Path) -> None:
    install(resolved(tmp_path))
    install(resolved(tmp_path, "--supervisor=pm2"))
    assert not (tmp_path / "emp-agent.service").exists()
    install(resolved(tmp_path))
    path = tmp_path / "state" / "ecosystem.config.cjs"
    assert not path.exists()
    assert calls.read_text().splitlines()[3:7] == [
        "systemctl disable --now emp-agent.service",
        "systemctl daemon-reload",
        f"pm2 start {path}",
        f"pm2 delete {path}",
    ]


def test_a_tool_that_refuses_is_told_in_its_words(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "UNIT", tmp_path / "broken.service")
    with pytest.raises(InstallError, match=r"systemctl enable broken\.service: no such thing"):
        install(resolved(tmp_path))


def test_nobody_may_keep_it(calls: Path, tmp_path: Path) -> None:
    said = install(resolved(tmp_path, "--supervisor=none"))
    assert f"start it by {' '.join(installing.ourselves())} run --config" in said
    assert not calls.exists()


def test_without_a_service_there_is_nothing_to_end(calls: Path, tmp_path: Path) -> None:
    assert "no agent was running here" in uninstall(resolved(tmp_path).settings)
    assert not calls.exists()


def test_the_binary_goes_with_it(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "emp-agent"
    binary.write_text("")
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setattr("sys.executable", str(binary))
    assert installing.ourselves() == (str(binary),)
    uninstall(resolved(tmp_path).settings)
    assert not binary.exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "emp-agent.service"
    program = (shutil.which("true") or "", *COMMAND[1:])
    path.write_text(unit(program, tmp_path, tmp_path, 45, tmp_path / "100%.env"))
    done = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")  # it only warns of keys that it does not know


def test_the_ecosystem_is_for_pm2(tmp_path: Path) -> None:
    path = tmp_path / "ecosystem.config.cjs"
    path.write_text(ecosystem(COMMAND, tmp_path, 45))
    text = path.read_text().removeprefix("module.exports = ").rstrip().removesuffix(";")

    app: dict[str, Any] = json.loads(text)["apps"][0]
    assert (app["script"], app["interpreter"], app["kill_timeout"]) == (COMMAND[0], "none", 45_000)
    assert app["args"] == [*COMMAND[1:], "--done-code", "10"]
    assert app["stop_exit_codes"] == [10, 2, 3, 4]
    assert app["treekill"] is False


def test_settings_that_are_given_are_kept_and_the_enrolment_token_is_not(
    calls: Path, tmp_path: Path
) -> None:
    flags = ("--supervisor=none", "--enrolment-token=once", "--labels=disk=nvme", "--once=false")
    install(resolved(tmp_path, *flags))
    path = tmp_path / "state" / "agent.toml"
    assert "once" not in path.read_text().replace("once = ", "")
    again = resolve(AgentSettings, (f"--config={path}",), {}, "emp-agent run", "", ())
    plain = evolve(resolved(tmp_path, *flags).settings, enrolment_token=None, supervisor="auto")
    assert again.settings == plain
