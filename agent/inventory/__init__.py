"""What the machine has and how busy it is."""

from typing import Any

from agent.inventory.clouds import Cloud, find_cloud
from agent.inventory.gpu_faults import GpuFault, watch_faults
from agent.inventory.gpu_load import gpu_load, is_busy
from agent.inventory.gpus import Gpu, LostGpu, Survey, announce, survey
from agent.inventory.host import find_host, host_load
from agent.inventory.metadata import NoMetadataError, ask
from agent.inventory.nvml import Driver, NvmlError
from agent.inventory.provider import Provider, find_provider, without_provider
from shared.matching import Hardware

__all__ = [
    "Cloud",
    "Driver",
    "Gpu",
    "GpuFault",
    "LostGpu",
    "NoMetadataError",
    "NvmlError",
    "Provider",
    "Survey",
    "announce",
    "ask",
    "find_cloud",
    "find_hardware",
    "find_provider",
    "gpu_load",
    "is_busy",
    "survey",
    "system_info",
    "watch_faults",
    "without_provider",
]


def find_hardware(gpu: Gpu | None) -> Hardware:
    """What the jobs of a worker may count on. Workers share all but their GPUs."""
    host = find_host()
    return Hardware(
        gpu_memory_gb=gpu.memory_gb if gpu else 0,
        gpu_count=1 if gpu else 0,
        gpu_model=gpu.name if gpu else None,
        compute_capability=gpu.compute_capability if gpu else 0,
        cpu_cores=host.cpu_cores,
        ram_gb=host.ram_gb,
        storage_gb=host.storage_gb,
    )


def system_info(gpu: Gpu | None) -> dict[str, Any]:
    """How busy the machine and a worker's GPU are, as heartbeats tell it."""
    return host_load() | (gpu_load(gpu) if gpu else {})
