"""Installing the agent: enrol, keep the settings, and let something keep it running."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from agent.engines import plain_environ
from agent.install.background import Background, background_environ
from agent.install.keepers import PM2_NAME, UNIT, ecosystem, environment, unit
from agent.install.problem import InstallError
from agent.link.enrolment import forget_credential, keep_private, with_credential
from agent.settings import AgentSettings
from shared.settings import Resolved
from shared.settings_file import written

__all__ = ["InstallError", "install", "uninstall"]

SETTINGS = "agent.toml"
_ECOSYSTEM = "ecosystem.config.cjs"
_ENVIRONMENT = "agent.env"
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
    keeper = _keeper(settings)
    _end_others(settings, keeper)
    told = _KEEPERS[keeper](site)
    return (
        f"{told}\nit appears as {settings.worker_id} at {settings.hub_url}/workers"
        f"\nits settings are in {path}"
    )


def uninstall(settings: AgentSettings) -> str:
    """End the agent and forget its credential; what engines and people have written stays."""
    did_run = _end_others(settings, "none")
    forget_credential(settings.state_dir)
    ended = "the agent has ended" if did_run else "no agent was running here"
    if getattr(sys, "frozen", False):
        Path(sys.executable).unlink()
    return f"{ended}; its credential is forgotten; {settings.state_dir} is kept"


def ourselves() -> tuple[str, ...]:
    """What starts this very program."""
    return (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "agent")


def _end_others(settings: AgentSettings, keeper: str) -> bool:
    """End what runs, whoever keeps it, but for systemd's if that is to go on; whether any did."""
    did_run = keeper != "systemd" and _leave_systemd()
    did_run |= _leave_pm2(settings.state_dir.absolute() / _ECOSYSTEM)
    return Background(settings.state_dir).stop(settings.drain_s + _SPARE_S) or did_run


def _leave_systemd() -> bool:
    has_unit = UNIT.exists() and _runs_systemd()
    if has_unit:
        _run("systemctl", "disable", "--now", UNIT.name)
        UNIT.unlink()
        _run("systemctl", "daemon-reload")
    return has_unit


def _leave_pm2(path: Path) -> bool:
    if not path.exists():
        return False
    if is_here := shutil.which("pm2") is not None:
        _run("pm2", "delete", str(path))  # which is content when there is none
    path.unlink()
    return is_here


def _keeper(settings: AgentSettings) -> str:
    if settings.supervisor != "auto":
        return settings.supervisor
    return "systemd" if _runs_systemd() else "process"


def _runs_systemd() -> bool:
    return _SD_BOOTED.is_dir() and os.geteuid() == 0


def _by_systemd(site: _Site) -> str:
    if not _runs_systemd():
        raise InstallError("systemd does not run here, or not as root: use --supervisor process")
    kept = site.settings.state_dir.absolute() / _ENVIRONMENT
    keep_private(kept, environment(os.environ))
    UNIT.write_text(unit(site.command, Path.cwd(), Path.home(), site.stop_s, kept))
    _run("systemctl", "daemon-reload")
    _run("systemctl", "enable", UNIT.name)
    _run("systemctl", "restart", UNIT.name)
    return "started by systemd: journalctl -u emp-agent tells what it writes"


def _by_pm2(site: _Site) -> str:
    path = site.settings.state_dir.absolute() / _ECOSYSTEM
    path.write_text(ecosystem(site.command, Path.cwd(), site.stop_s))
    if shutil.which("pm2") is None:
        return f"pm2 is not here: when it is, start the agent by pm2 start {path}"
    _run("pm2", "start", str(path))
    return (
        f"started by pm2: pm2 logs {PM2_NAME} tells what it writes; "
        "after a start of the machine it runs if pm2 startup and pm2 save have been called"
    )


def _by_itself(site: _Site) -> str:
    background = Background(site.settings.state_dir)
    process = background.start(site.command, _environ())
    return f"started as process {process.pid}: {background.log} tells what it writes"


def _by_nobody(site: _Site) -> str:
    return f"start it by {' '.join(site.command)}"


_KEEPERS = {
    "systemd": _by_systemd,
    "pm2": _by_pm2,
    "process": _by_itself,
    "none": _by_nobody,
}


def _environ() -> dict[str, str]:
    # What is set by now is in the file; the next start is to find the same.
    return background_environ(plain_environ(os.environ), ("WORKER_ENROLMENT_TOKEN",))


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - words of our own
        command, env=_environ(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
