"""Installing the agent: enrol, keep the settings, and let something keep it running."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from agent.engines import plain_environ
from agent.install.background import Background, background_environ
from agent.install.keepers import UNIT, ecosystem, unit
from agent.install.problem import InstallError
from agent.link.enrolment import forget_credential, keep_private, with_credential
from agent.settings import AgentSettings
from shared.settings import Resolved
from shared.settings_file import written

__all__ = ["InstallError", "install", "uninstall"]

SETTINGS = "agent.toml"
_SPARE_S = 15  # for the rest to be given back, after the time to drain
_ONCE = ("enrolment_token", "supervisor")  # of no use to a machine that is installed
_SD_BOOTED = Path("/run/systemd/system")


@frozen
class _Site:
    """Where the agent is installed, and what starts it there."""

    settings: AgentSettings
    command: tuple[str, ...]
    texts: dict[str, str]

    @property
    def file(self) -> Path:
        """Its settings."""
        return self.settings.state_dir.absolute() / SETTINGS

    @property
    def stop_s(self) -> float:
        """How long it may take to end."""
        return self.settings.drain_s + _SPARE_S


def install(resolved: Resolved[AgentSettings]) -> str:
    """Make this machine a worker, and tell where it appears. What is installed already is replaced.

    Raises `EnrolmentError` or `InstallError`.
    """
    settings = resolved.settings
    with_credential(settings)
    path = settings.state_dir.absolute() / SETTINGS
    texts = {name: text for name, text in resolved.texts.items() if name not in _ONCE}
    site = _Site(settings, (*ourselves(), "run", "--config", str(path)), texts)
    keep_private(path, written(texts))
    Background(settings.state_dir).stop(site.stop_s)
    told = _KEEPERS[_keeper(settings)](site)
    return (
        f"{told}\nit appears as {settings.worker_id} at {settings.hub_url}/workers"
        f"\nits settings are in {path}"
    )


def uninstall(settings: AgentSettings) -> str:
    """End the agent and forget its credential; what engines and people have written stays."""
    has_unit = UNIT.exists() and _runs_systemd()
    if has_unit:
        _run("systemctl", "disable", "--now", UNIT.name)
        UNIT.unlink()
        _run("systemctl", "daemon-reload")
    did_run = Background(settings.state_dir).stop(settings.drain_s + _SPARE_S)
    forget_credential(settings.state_dir)
    ended = "the agent has ended" if has_unit or did_run else "no agent was running here"
    if getattr(sys, "frozen", False):
        Path(sys.executable).unlink()
    return f"{ended}; its credential is forgotten; {settings.state_dir} is kept"


def ourselves() -> tuple[str, ...]:
    """What starts this very program."""
    return (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "agent")


def _keeper(settings: AgentSettings) -> str:
    if settings.supervisor != "auto":
        return settings.supervisor
    return "systemd" if _runs_systemd() else "process"


def _runs_systemd() -> bool:
    return _SD_BOOTED.is_dir() and os.geteuid() == 0


def _by_systemd(site: _Site) -> str:
    if not _runs_systemd():
        raise InstallError("systemd does not run here, or not as root: use --supervisor process")
    UNIT.write_text(unit(site.command, Path.cwd(), Path.home(), site.stop_s))
    _run("systemctl", "daemon-reload")
    _run("systemctl", "enable", UNIT.name)
    _run("systemctl", "restart", UNIT.name)
    return "started by systemd: journalctl -u emp-agent tells what it writes"


def _by_pm2(site: _Site) -> str:
    path = site.settings.state_dir.absolute() / "ecosystem.config.cjs"
    path.write_text(ecosystem(site.command, Path.cwd(), site.stop_s))
    if shutil.which("pm2") is None:
        return f"pm2 is not here: when it is, start the agent by pm2 start {path}"
    _run("pm2", "startOrRestart", str(path))
    return "started by pm2: pm2 logs emp-agent tells what it writes"


def _by_itself(site: _Site) -> str:
    background = Background(site.settings.state_dir)
    # What is set by now is in the file; the next start is to find the same.
    environ = background_environ(plain_environ(os.environ), ("WORKER_ENROLMENT_TOKEN",))
    process = background.start(site.command, environ)
    return f"started as process {process.pid}: {background.log} tells what it writes"


def _by_nobody(site: _Site) -> str:
    return f"start it by {' '.join(site.command)}"


_KEEPERS = {
    "systemd": _by_systemd,
    "pm2": _by_pm2,
    "process": _by_itself,
    "none": _by_nobody,
}


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - words of our own
        command, env=plain_environ(os.environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
