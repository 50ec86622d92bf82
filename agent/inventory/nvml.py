"""NVIDIA's management library (NVML): opened once, and only ever asked. Nothing here changes a GPU."""

import logging
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import pynvml
from attrs import frozen

log = logging.getLogger(__name__)

T = TypeVar("T")

GB = 10**9
_ABSENT = (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED)


@frozen
class Driver:
    """The driver's version, and the newest CUDA that it speaks."""

    version: str
    cuda: str


NvmlError = pynvml.NVMLError


class NoDriverError(Exception):
    """NVML cannot be used. `is_absent` where there is no NVIDIA driver that could be broken."""

    def __init__(self, problem: pynvml.NVMLError) -> None:
        super().__init__(str(problem))
        self.is_absent = problem.value in _ABSENT


def driver() -> Driver:
    """Ask for the driver. Raises `NoDriverError`."""
    try:
        _open()
        cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        return Driver(pynvml.nvmlSystemGetDriverVersion(), f"{cuda // 1000}.{cuda % 1000 // 10}")
    except pynvml.NVMLError as problem:
        raise NoDriverError(problem) from problem


@cache
def _open() -> None:
    """Open the library, which then stays open with the process; a failure is tried again."""
    pynvml.nvmlInit()


def handle_of(uuid: str) -> pynvml.c_nvmlDevice_t:
    """The card or MIG slice of a UUID. Raises `NVMLError`."""
    _open()
    return pynvml.nvmlDeviceGetHandleByUUID(uuid)


def asked(question: Callable[[], T]) -> T | None:
    """The answer, or None where there is none: a card does not measure that, or is lost."""
    try:
        return question()
    except pynvml.NVMLError as problem:
        log.debug("NVML: %s", problem)
        return None
