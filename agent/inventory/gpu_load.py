"""How busy, how hot and how sound one GPU is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pynvml

from agent.inventory.gpus import Gpu
from agent.inventory.nvml import GB, asked, handle_of


def gpu_load(gpu: Gpu) -> dict[str, Any]:
    """Use in percent, heat in °C, power in W, processes, ECC errors since the driver was loaded.

    Leaves out what this GPU does not tell. Heat, power and ECC of a MIG slice are its card's.
    """
    own = asked(partial(handle_of, gpu.uuid))
    card = asked(partial(handle_of, gpu.card or gpu.uuid))
    if own is None or card is None:
        return {}
    readings: dict[str, Callable[[], Any]] = {
        "gpu_usage": lambda: pynvml.nvmlDeviceGetUtilizationRates(own).gpu,
        "gpu_memory_usage": lambda: _memory_usage(own),
        "gpu_memory_free_gb": lambda: round(pynvml.nvmlDeviceGetMemoryInfo(own).free / GB, 1),
        "gpu_temperature": lambda: pynvml.nvmlDeviceGetTemperature(
            card, pynvml.NVML_TEMPERATURE_GPU
        ),
        "gpu_power_w": lambda: round(pynvml.nvmlDeviceGetPowerUsage(card) / 1000),
        "gpu_power_limit_w": lambda: round(pynvml.nvmlDeviceGetEnforcedPowerLimit(card) / 1000),
        "gpu_processes": lambda: _processes(own),
        "gpu_ecc_corrected": lambda: _ecc(card, pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED),
        "gpu_ecc_uncorrected": lambda: _ecc(card, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
    }
    answers = {name: asked(reading) for name, reading in readings.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _memory_usage(handle: pynvml.c_nvmlDevice_t) -> float:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return round(100 * memory.used / memory.total, 1)


def _processes(handle: pynvml.c_nvmlDevice_t) -> list[dict[str, Any]]:
    return [
        # In a container without the host's processes NVML knows no size.
        {"pid": each.pid, "memory_gb": round((each.usedGpuMemory or 0) / GB, 1)}
        for each in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    ]


def _ecc(handle: pynvml.c_nvmlDevice_t, kind: int) -> int:
    return pynvml.nvmlDeviceGetTotalEccErrors(handle, kind, pynvml.NVML_VOLATILE_ECC)


def is_busy(gpu: Gpu | None) -> bool:
    """Whether a GPU computes; no for one that does not tell, as a MIG slice."""
    return gpu is not None and gpu_load(gpu).get("gpu_usage", 0) > 0
