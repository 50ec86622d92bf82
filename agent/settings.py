"""The agent's settings: a flag and an environment variable for each."""

import socket

from attrs import frozen, validators

from agent.connector_settings import ConnectorSettings
from agent.engine_settings import EngineOptions
from agent.machine_settings import MachineOptions
from shared.labels import worker_labels
from shared.logs import FORMATS, LEVELS, Format
from shared.messages import MAX_SLOTS
from shared.settings import setting

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def _hub_url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES or not rest.strip("/"):
        raise ValueError("an address such as https://hub.example.com is needed")
    return f"{_SCHEMES[scheme]}://{rest.rstrip('/')}"


@frozen(kw_only=True)
class AgentSettings(ConnectorSettings, EngineOptions, MachineOptions):
    """What an agent is told at its start."""

    hub_url: str = setting(
        ("HUB_URL", "HUB_WS_URL"),
        "http://127.0.0.1:3001",
        "where the hub listens; ws:// and wss:// do as well",
        parse=_hub_url,
    )
    worker_id: str = setting(
        "WORKER_ID",
        socket.gethostname(),
        "the name of this worker, one of its own",
        validator=validators.matches_re(r"[A-Za-z0-9._:-]{1,128}"),
    )
    gpus: tuple[str, ...] = setting(
        "WORKER_GPUS",
        ("all",),
        "the GPUs that work, one worker each: all, none, or indices and UUIDs with commas between",
    )
    connectors: tuple[str, ...] = setting(
        ("WORKER_CONNECTORS", "SERVICES", "CONNECTORS"),
        ("simulation",),
        "the services to work for, with commas between; a file ending in .py is one's own",
    )
    connector: tuple[str, ...] = setting(
        "WORKER_CONNECTOR", (), "more connectors of one's own: files ending in .py"
    )
    labels: tuple[tuple[str, str], ...] = setting(
        "WORKER_LABELS",
        (),
        "labels that jobs may ask for, such as disk=nvme,driver=550,nvlink",
        parse=worker_labels,
    )
    token: str | None = setting(
        ("WORKER_TOKEN", "WORKER_WEBSOCKET_AUTH_TOKEN", "HUB_AUTH_TOKEN"),
        None,
        "what the hub knows this agent by",
        secret=True,
    )
    enrolment_token: str | None = setting(
        "WORKER_ENROLMENT_TOKEN",
        None,
        "makes this machine one of the hub's, once; what it gets for it is kept in the state folder",
        secret=True,
    )
    max_concurrent_jobs: int = setting(
        "WORKER_MAX_CONCURRENT_JOBS",
        1,
        f"how many jobs run at the same time, 1 to {MAX_SLOTS}",
        validator=[validators.ge(1), validators.le(MAX_SLOTS)],
    )
    drain_s: float = setting(
        "WORKER_DRAIN_S",
        30.0,
        "seconds that running jobs get to finish when the agent is told to stop",
        validator=validators.ge(0),
    )
    log_level: str = setting(
        "LOG_LEVEL",
        "info",
        f"the least to log: {', '.join(LEVELS)}",
        parse=str.lower,
        validator=validators.in_(LEVELS),
    )
    log_format: Format = setting(
        "LOG_FORMAT",
        "text",
        f"how to log: {' or '.join(FORMATS)}",
        parse=str.lower,
        validator=validators.in_(FORMATS),
    )
    comfyui_url: str = setting(
        "COMFYUI_URL",
        "http://127.0.0.1:8188",
        "where ComfyUI listens; with several GPUs an address for each, with commas between",
    )
    comfyui_username: str | None = setting(
        "WORKER_COMFYUI_USERNAME", None, "for a proxy before ComfyUI that asks who comes"
    )
    comfyui_password: str | None = setting(
        "WORKER_COMFYUI_PASSWORD", None, "goes with the user name", secret=True
    )
    comfyui_timeout_s: float = setting(
        "WORKER_COMFYUI_TIMEOUT_SECONDS", 300.0, "seconds that one answer of ComfyUI may take"
    )
    comfyui_workflow_timeout_s: float = setting(
        "WORKER_COMFYUI_WORKFLOW_TIMEOUT_SECONDS", 600.0, "seconds that one workflow may take"
    )
    simulation_processing_time_s: float = setting(
        "WORKER_SIMULATION_PROCESSING_TIME", 5.0, "seconds that a simulated job takes"
    )
    simulation_steps: int = setting(
        "WORKER_SIMULATION_STEPS", 10, "steps of a simulated job without a workflow"
    )
    simulation_failure_rate: float = setting(
        "WORKER_SIMULATION_FAILURE_RATE", 0.1, "share of simulated jobs that fail, 0 to 1"
    )
    simulation_progress_interval_ms: int = setting(
        "WORKER_SIMULATION_PROGRESS_INTERVAL_MS",
        200,
        "milliseconds between two reports of a simulated job",
    )
    simulation_job_type: str = setting(
        ("WORKER_SIMULATION_JOB_TYPE", "JOB_TYPE"),
        "simulation",
        "the services that the simulation plays, with commas between",
    )
