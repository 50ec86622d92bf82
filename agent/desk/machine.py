"""The machine, what its workers can do and how they were set up, as JSON values."""

import asyncio
import platform
import socket
from typing import Any

from agent.desk.desk import Desk
from agent.inventory import find_host, gpu_load, host_load
from agent.stations import Station
from shared.wire import unstructure


def capabilities(desk: Desk) -> dict[str, Any]:
    """What each worker has told the hub that it can do."""
    return {
        "workers": {
            each.post.worker_id: unstructure(each.worker.capability) for each in desk.stations
        }
    }


def connectors(desk: Desk) -> dict[str, Any]:
    """The connectors of each worker; those that cannot be used now say why. None: no limit known."""
    return {"connectors": [row for station in desk.stations for row in _connectors(station)]}


async def system(desk: Desk) -> dict[str, Any]:
    """What the machine has and how busy it is, and the settings with their sources."""
    found = await asyncio.to_thread(_found, desk)
    settings = [
        {"name": name, "value": value, "source": source}
        for name, value, source in desk.settings_rows
    ]
    return {**found, "settings": settings}


def _connectors(station: Station) -> list[dict[str, Any]]:
    ready = {
        each.connector.name: {
            "slots": each.connector.slots,
            "services": list(each.offer.services),
            "version": each.offer.version,
            "models": _count(each.offer.models),
            "custom_nodes": _count(each.offer.custom_nodes),
        }
        for each in station.ready
    }
    absent = [name for name in station.post.settings.connectors if name not in ready]
    own = {"worker_id": station.post.worker_id}
    return [
        *(
            {**own, "name": name, "ready": True, "problem": None, **row}
            for name, row in ready.items()
        ),
        *({**own, "name": name, "ready": False, "problem": station.note} for name in absent),
    ]


def _count(names: tuple[str, ...] | None) -> int | None:
    return None if names is None else len(names)


def _found(desk: Desk) -> dict[str, Any]:
    gpus = [(each.post.worker_id, each.post.gpu) for each in desk.stations if each.post.gpu]
    return {
        "hostname": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        **unstructure(find_host()),
        **host_load(),
        "gpus": [{"worker_id": name, **unstructure(gpu), **gpu_load(gpu)} for name, gpu in gpus],
    }
