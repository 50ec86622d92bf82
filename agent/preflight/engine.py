"""The engines that the agent starts, and what they have when they run."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.connectors.base import Offer
from agent.engines import MAIN, is_free, python_of
from agent.engines.ports import candidates
from agent.inventory import Driver
from agent.preflight.finding import Finding
from agent.settings import AgentSettings

_PATIENCE_S = 60
_ASK = """
import importlib.util as u, re, pathlib
found = u.find_spec("torch")
text = pathlib.Path(found.origin).with_name("version.py").read_text() if found else ""
print(bool(found), *re.findall(r"^cuda\\b.*?['\\"]([\\d.]+)['\\"]", text, re.M))
"""


def engine_findings(settings: AgentSettings, driver: Driver | None) -> Iterator[Finding]:
    """Whether each engine that is to be started could be."""
    for name in MAIN:
        directory: Path | None = getattr(settings, f"{name}_dir")
        if name in settings.connectors and directory is not None:
            yield _folder(name, directory)
            yield _port(name, getattr(settings, f"{name}_first_port"))
            yield _torch(name, python_of(directory, getattr(settings, f"{name}_python")), driver)


def offer_findings(settings: AgentSettings, offers: Sequence[Offer]) -> Iterator[Finding]:
    """Whether the engines have the models and nodes that this machine is there for."""
    for what, needed, had, variable in (
        ("models", settings.required_models, [each.models for each in offers], "MODELS"),
        ("nodes", settings.required_nodes, [each.custom_nodes for each in offers], "NODES"),
    ):
        known = {name for names in had if names is not None for name in names}
        missing = [name for name in needed if name not in known]
        yield Finding(
            name=f"required {what}",
            problem=f"missing: {', '.join(missing)}" if missing else None,
            remedy=f"install them into the engine's folder, or change WORKER_REQUIRED_{variable}",
            detail=", ".join(needed) or "none",
        )


def _folder(name: str, directory: Path) -> Finding:
    main = directory / MAIN[name]
    return Finding(
        name=f"{name} folder",
        problem=None if main.is_file() else f"there is no {main}",
        remedy=f"set WORKER_{name.upper()}_DIR to the folder that holds {MAIN[name]}",
        detail=str(directory),
    )


def _port(name: str, first: int) -> Finding:
    ports = candidates(first)
    free = next((port for port in ports if is_free(port)), None)
    return Finding(
        name=f"{name} port",
        problem=f"no port from {first} to {ports[-1]} is free" if free is None else None,
        remedy=f"set WORKER_{name.upper()}_FIRST_PORT to a range that nobody uses",
        detail=str(free),
    )


def _torch(name: str, python: str, driver: Driver | None) -> Finding:
    """Look for torch without importing it, which would take seconds and memory of the GPU."""
    label = f"{name} Python"
    install = "install the engine's requirements into its venv"
    try:
        asked = subprocess.run(  # noqa: S603 - the operator's own engine
            [python, "-c", _ASK], capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as problem:
        return Finding(
            name=label,
            problem=f"{python} cannot be run: {problem}",
            remedy=f"set WORKER_{name.upper()}_PYTHON to the engine's Python",
        )
    has_torch, *cuda = asked.stdout.split()
    if has_torch != "True":
        problem = f"{python} has no torch"
        return Finding(name=label, problem=problem, remedy=install, blocks=False)
    if driver and cuda and int(cuda[0].split(".")[0]) > int(driver.cuda.split(".")[0]):
        return Finding(
            name=label,
            problem=f"torch is built for CUDA {cuda[0]}, the driver speaks up to {driver.cuda}",
            remedy="update the driver, or install a torch for an older CUDA",
        )
    return Finding(name=label, detail=f"{python}, torch for CUDA {cuda[0] if cuda else 'none'}")
