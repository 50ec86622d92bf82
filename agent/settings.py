"""The agent's settings: a flag and an environment variable for each."""

import socket
from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen, validators

from agent.connector_settings import ConnectorSettings
from agent.engine_settings import EngineOptions
from agent.link_settings import LinkOptions
from agent.machine_settings import MachineOptions
from agent.retired_settings import RETIRED
from agent.standing_settings import StandingOptions
from shared.labels import worker_labels
from shared.logs import FORMATS, LEVELS, Format
from shared.messages import MAX_SLOTS
from shared.settings import setting
from shared.settings_names import Renamed, worded

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def _hub_url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES or not rest.strip("/"):
        raise ValueError("an address such as https://hub.example.com is needed")
    return f"{_SCHEMES[scheme]}://{rest.rstrip('/')}"


def _first(count: str) -> str:
    """The first GPUs of the machine, by index."""
    return ",".join(map(str, range(int(count)))) or "none" if count.isdecimal() else count


@frozen(kw_only=True)
class AgentSettings(ConnectorSettings, EngineOptions, MachineOptions, StandingOptions, LinkOptions):
    """What an agent is told at its start."""

    RETIRED: ClassVar[Mapping[str, str]] = RETIRED

    hub_url: str = setting(
        ("HUB_URL", "HUB_WS_URL", "REDIS_WS_URL"),
        "http://127.0.0.1:3001",
        "where the hub listens; ws:// and wss:// do as well",
        parse=_hub_url,
    )
    worker_id: str = setting(
        ("WORKER_ID", "WORKER_BASE_ID"),
        socket.gethostname(),
        "the name of this worker, one of its own",
        validator=validators.matches_re(r"[A-Za-z0-9._:-]{1,128}"),
    )
    gpus: tuple[str, ...] = setting(
        ("WORKER_GPUS", Renamed("NUM_GPUS", _first)),
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
        (
            "WORKER_TOKEN",
            "WORKER_WEBSOCKET_AUTH_TOKEN",
            "HUB_AUTH_TOKEN",
            "WEBSOCKET_AUTH_TOKEN",
        ),
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
        ("WORKER_MAX_CONCURRENT_JOBS", "CONCURRENT_JOBS", "WORKER_CONCURRENT_JOBS"),
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
        ("LOG_FORMAT", worded("NODE_ENV", {"production": "json", "development": "text"})),
        "text",
        f"how to log: {' or '.join(FORMATS)}",
        parse=str.lower,
        validator=validators.in_(FORMATS),
    )
