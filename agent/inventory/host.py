"""The machine itself: processors, memory, disk."""

import time
from functools import lru_cache
from typing import Any

import psutil
from attrs import frozen

_STARTED_AT = time.monotonic()
_DISK = "/"
GB = 10**9


@frozen
class Host:
    """What a machine has. Sizes in GB (10^9 bytes)."""

    cpu_cores: int
    ram_gb: float
    storage_gb: float  # free when asked


def find_host() -> Host:
    """Look at this machine. Processors are those that this process may use."""
    return Host(
        cpu_cores=len(psutil.Process().cpu_affinity() or ()),
        ram_gb=round(psutil.virtual_memory().total / GB, 1),
        storage_gb=round(psutil.disk_usage(_DISK).free / GB, 1),
    )


def host_load() -> dict[str, Any]:
    """How busy the machine is, in percent, and the agent's uptime in seconds."""
    return dict(_load_in(int(time.monotonic())))


@lru_cache(maxsize=1)
def _load_in(_second: int) -> dict[str, Any]:
    # Workers that beat at the same time share a reading: processors are measured between two.
    return {
        "cpu_usage": psutil.cpu_percent(interval=None),
        "memory_usage": psutil.virtual_memory().percent,
        "disk_usage": psutil.disk_usage(_DISK).percent,
        "uptime": round(time.monotonic() - _STARTED_AT),
    }
