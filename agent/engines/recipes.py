"""How each engine is started, when it serves, and how it is asked to stop."""

import re
import shlex
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from agent.engines.environment import engine_environ

_GROUP = (signal.SIGINT, signal.SIGTERM)


@frozen(kw_only=True)
class EngineSettings:
    """One engine for one GPU. `directory` holds the engine's own checkout."""

    directory: Path
    python: Path | None = None  # else the checkout's own venv, else python3 of the PATH
    extra: str = ""  # more arguments, as in a shell
    port: int  # wanted; the next free one is taken
    state_dir: Path
    gpu: str | None = None  # UUID of its GPU
    environ: Mapping[str, str] = field(factory=dict[str, str])  # of the agent
    own_names: tuple[str, ...] = ()  # variables of the environment that are the agent's settings


@frozen(kw_only=True)
class Recipe:
    """A start that is fully decided."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    environ: dict[str, str]
    port: int
    state_dir: Path
    probe: str  # path that answers 200 as soon as the engine serves
    is_own: Callable[[Any], bool] = field(default=lambda _answer: True)  # says if JSON is ours
    ready_line: re.Pattern[str] | None = None  # nothing is asked by HTTP before it was written
    fatal_line: re.Pattern[str] | None = None
    probe_interval_s: float = 0.5
    stop_signals: tuple[signal.Signals, ...] = _GROUP
    tells_later: bool = False  # what has become of a job can be asked after its connection broke

    @property
    def url(self) -> str:
        """Where it will listen."""
        return f"http://127.0.0.1:{self.port}"


def _comfyui(settings: EngineSettings, port: int) -> Recipe:
    state = settings.state_dir
    argv = (
        python_of(settings.directory, settings.python),
        MAIN["comfyui"],
        *("--listen", "127.0.0.1", "--port", str(port), "--disable-auto-launch"),
        *("--output-directory", str(state / "output"), "--temp-directory", str(state / "temp")),
        *("--user-directory", str(state / "user"), "--input-directory", str(state / "input")),
        *("--database-url", f"sqlite:///{state / 'comfyui.db'}"),
        *shlex.split(settings.extra),
    )
    return Recipe(
        name="comfyui",
        argv=argv,
        cwd=settings.directory,
        environ=engine_environ(settings.environ, settings.gpu, settings.own_names),
        port=port,
        state_dir=state,
        probe="/system_stats",
        tells_later=True,
        is_own=lambda answer: str(port) in answer.get("system", {}).get("argv", [str(port)]),
    )


def _a1111(settings: EngineSettings, port: int) -> Recipe:
    argv = (
        python_of(settings.directory, settings.python),
        MAIN["a1111"],
        *("--api", "--port", str(port), "--data-dir", str(settings.state_dir)),
        *("--models-dir", str(settings.directory / "models")),
        *("--skip-version-check", "--disable-console-progressbars"),
        *shlex.split(settings.extra),
    )
    environ = engine_environ(settings.environ, settings.gpu, settings.own_names)
    return Recipe(
        name="a1111",
        argv=argv,
        cwd=settings.directory,
        environ=environ | {"SD_WEBUI_RESTARTING": "1"},  # so it opens no browser
        port=port,
        state_dir=settings.state_dir,
        probe="/sdapi/v1/progress?skip_current_image=true",
        # A request by HTTP while it starts can kill it: it builds its middleware on the first.
        ready_line=re.compile(r"Startup time: "),
        fatal_line=re.compile(r"Cannot add middleware|Cannot find empty port"),
        probe_interval_s=2,
        stop_signals=(signal.SIGTERM, signal.SIGINT),  # without a UI it waits for its job on TERM
    )


KINDS: dict[str, Callable[[EngineSettings, int], Recipe]] = {"comfyui": _comfyui, "a1111": _a1111}
"""By the name of the connector that speaks to the engine."""


MAIN = {"comfyui": "main.py", "a1111": "launch.py"}
"""The program in an engine's folder."""


def python_of(directory: Path, given: Path | None) -> str:
    """The Python of an engine: the one given, else its folder's own, else that of the PATH."""
    if given is not None:
        return str(given)
    candidates = (directory / name / "bin" / "python" for name in ("venv", ".venv"))
    own = next((each for each in candidates if each.exists()), None)
    return str(own or shutil.which("python3") or "python3")
