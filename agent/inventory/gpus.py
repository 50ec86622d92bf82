"""The GPUs, through NVIDIA's management library (NVML)."""

import logging
from collections.abc import Callable
from functools import cache
from statistics import mean
from typing import Any, TypeVar

import pynvml
from attrs import frozen

log = logging.getLogger(__name__)

T = TypeVar("T")

GB = 10**9
_NO_GPUS = (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED)


@frozen
class Gpu:
    """One GPU. Memory in GB (10^9 bytes)."""

    uuid: str
    name: str
    memory_gb: float
    compute_capability: float


def find_gpus() -> tuple[Gpu, ...]:
    """Every GPU that answers. A machine without NVIDIA's driver has none."""
    found = (_asked(_gpu, index) for index in range(_count()))
    return tuple(gpu for gpu in found if gpu is not None)


def gpu_load() -> dict[str, Any]:
    """Mean use of the GPUs and of their memory in percent, and the highest temperature in °C.

    Leaves out what no GPU tells.
    """
    gpus = range(_count())
    readings = {
        "gpu_usage": (_usage, mean),
        "gpu_memory_usage": (_memory_usage, mean),
        "gpu_temperature": (_temperature, max),
    }
    load: dict[str, Any] = {}
    for name, (reading, union) in readings.items():
        values = [value for gpu in gpus if (value := _asked(reading, gpu)) is not None]
        if values:
            load[name] = union(values)
    return load


@cache
def _count() -> int:
    """How many GPUs there are. The library is opened once and stays open with the process."""
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as problem:
        level = logging.INFO if problem.value in _NO_GPUS else logging.WARNING
        log.log(level, "no GPUs are used: %s", problem)
        return 0


def _asked(question: Callable[[pynvml.c_nvmlDevice_t], T], index: int) -> T | None:
    """The GPU's answer, or None when it has none: it is lost, or does not measure that."""
    try:
        return question(pynvml.nvmlDeviceGetHandleByIndex(index))
    except pynvml.NVMLError as problem:
        log.debug("GPU %d: %s", index, problem)
        return None


def _gpu(handle: pynvml.c_nvmlDevice_t) -> Gpu:
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    return Gpu(
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        name=pynvml.nvmlDeviceGetName(handle),
        memory_gb=round(pynvml.nvmlDeviceGetMemoryInfo(handle).total / GB, 1),
        compute_capability=major + minor / 10,
    )


def _usage(handle: pynvml.c_nvmlDevice_t) -> float:
    return pynvml.nvmlDeviceGetUtilizationRates(handle).gpu


def _memory_usage(handle: pynvml.c_nvmlDevice_t) -> float:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return round(100 * memory.used / memory.total, 1)


def _temperature(handle: pynvml.c_nvmlDevice_t) -> float:
    return pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)
