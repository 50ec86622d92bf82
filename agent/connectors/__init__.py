"""Adapters to the services of this machine, by the names that WORKER_CONNECTORS lists."""

from collections.abc import Callable

from agent.connectors.a1111 import A1111
from agent.connectors.base import Connector
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from agent.connectors.own import load
from agent.connectors.rest import RestAsync, RestSync
from agent.connectors.simulation import Simulation, SimulationSettings
from agent.connectors.websocket import WebSocket
from agent.settings import AgentSettings


def _comfyui(settings: AgentSettings) -> Connector:
    return ComfyUI(
        ComfyUISettings(
            url=settings.comfyui_address,
            username=settings.comfyui_username if settings.comfyui_use_basic_auth else None,
            password=settings.comfyui_password if settings.comfyui_use_basic_auth else None,
            timeout_s=settings.comfyui_timeout_s,
            workflow_timeout_s=settings.comfyui_workflow_timeout_s,
            max_concurrent_jobs=(
                settings.comfyui_max_concurrent_jobs or settings.max_concurrent_jobs
            ),
        )
    )


def _simulation(settings: AgentSettings) -> Connector:
    return Simulation(
        SimulationSettings(
            processing_time_s=settings.simulation_processing_time_s,
            steps=settings.simulation_steps,
            failure_rate=settings.simulation_failure_rate,
            progress_interval_ms=settings.simulation_progress_interval_ms,
            job_type=settings.simulation_job_type,
            max_concurrent_jobs=settings.max_concurrent_jobs,
        )
    )


KINDS: dict[str, Callable[[AgentSettings], Connector]] = {
    "a1111": A1111,
    "comfyui": _comfyui,
    "rest_async": RestAsync,
    "rest_sync": RestSync,
    "simulation": _simulation,
    "websocket": WebSocket,
}


def make_connectors(settings: AgentSettings) -> list[Connector]:
    """The connectors that the settings name, by name or as a file ending in .py.

    Raises `ValueError` for one that does not exist.
    """
    unknown = [name for name in settings.connectors if name not in KINDS and not _is_own(name)]
    if unknown or not settings.connectors:
        raise ValueError(
            f"--connectors (WORKER_CONNECTORS): {', '.join(unknown) or 'nothing'} is not "
            f"a connector; there are {', '.join(KINDS)}, and files ending in .py"
        )
    named = [load(name) if _is_own(name) else KINDS[name](settings) for name in settings.connectors]
    return [*named, *map(load, settings.connector)]


def _is_own(name: str) -> bool:
    return name.endswith(".py")
