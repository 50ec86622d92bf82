"""What the machine has and how busy it is."""

from typing import Any

from agent.inventory.gpus import find_gpus, gpu_load
from agent.inventory.host import find_host, host_load
from shared.matching import Hardware


def find_hardware() -> Hardware:
    """What jobs may count on. Among unequal GPUs the weakest speaks for all."""
    host, gpus = find_host(), find_gpus()
    return Hardware(
        gpu_memory_gb=min((gpu.memory_gb for gpu in gpus), default=0),
        gpu_count=len(gpus),
        gpu_model=gpus[0].name if gpus else None,
        compute_capability=min((gpu.compute_capability for gpu in gpus), default=0),
        cpu_cores=host.cpu_cores,
        ram_gb=host.ram_gb,
        storage_gb=host.storage_gb,
    )


def system_info() -> dict[str, Any]:
    """How busy the machine is, as heartbeats tell it."""
    return host_load() | gpu_load()
