"""The GPUs of the machine: whole cards, and in their place the slices of those that MIG divides."""

import logging
from collections.abc import Iterator
from functools import partial

import pynvml
from attrs import frozen

from agent.inventory.nvml import GB, Driver, NoDriverError, asked, driver

log = logging.getLogger(__name__)


@frozen(kw_only=True)
class Gpu:
    """What runs one worker's jobs: a card, or a MIG slice of one. Memory in GB (10^9 bytes)."""

    index: int  # of the card, as NVML counts
    uuid: str  # what CUDA_VISIBLE_DEVICES takes
    name: str
    memory_gb: float
    compute_capability: float
    pci: str = ""
    card: str = ""  # the UUID of the card, which is its own unless it is a slice
    slice: int | None = None  # which slice of the card

    @property
    def label(self) -> str:
        """A name that is short, and unique on the machine: `gpu0`, `gpu0-mig1`."""
        return f"gpu{self.index}" + ("" if self.slice is None else f"-mig{self.slice}")


@frozen
class LostGpu:
    """A card that is there and does not answer, or cannot be used."""

    index: int
    problem: str


@frozen(kw_only=True)
class Survey:
    """What NVML tells of the machine. `problem` says why a driver that is there does not answer."""

    driver: Driver | None = None
    gpus: tuple[Gpu, ...] = ()
    lost: tuple[LostGpu, ...] = ()
    problem: str | None = None


def survey() -> Survey:
    """Look at every GPU. A machine without NVIDIA's driver has none, which is no problem."""
    try:
        found = driver()
        count = pynvml.nvmlDeviceGetCount()
    except (NoDriverError, pynvml.NVMLError) as problem:
        is_absent = isinstance(problem, NoDriverError) and problem.is_absent
        return Survey(problem=None if is_absent else str(problem))
    gpus: list[Gpu] = []
    lost: list[LostGpu] = []
    for index in range(count):
        try:
            gpus.extend(_gpus(index))
        except (pynvml.NVMLError, UnusableError) as problem:
            lost.append(LostGpu(index, str(problem)))
    return Survey(driver=found, gpus=tuple(gpus), lost=tuple(lost))


def announce(found: Survey) -> None:
    """Log what is missing."""
    if found.problem:
        log.warning("no GPUs are used: %s", found.problem)
    elif found.driver is None:
        log.info("no GPUs are used: there is no NVIDIA driver")
    for each in found.lost:
        log.warning("GPU %d is left out: %s", each.index, each.problem)


class UnusableError(Exception):
    """The card answers, and no work can be given to it."""


def _gpus(index: int) -> Iterator[Gpu]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    card = _card(index, handle)
    if not (asked(partial(pynvml.nvmlDeviceGetMigMode, handle)) or [0])[0]:
        yield card
        return
    slices = [*_slices(card, handle)]
    if not slices:
        raise UnusableError("MIG is on and no instance has been made: nvidia-smi mig -cgi")
    yield from slices


def _card(index: int, handle: pynvml.c_nvmlDevice_t) -> Gpu:
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    uuid = pynvml.nvmlDeviceGetUUID(handle)
    return Gpu(
        index=index,
        uuid=uuid,
        name=pynvml.nvmlDeviceGetName(handle),
        memory_gb=_memory_gb(handle),
        compute_capability=major + minor / 10,
        pci=pynvml.nvmlDeviceGetPciInfo(handle).busId,
        card=uuid,
    )


def _slices(card: Gpu, handle: pynvml.c_nvmlDevice_t) -> Iterator[Gpu]:
    for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        slice_ = asked(partial(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number))
        if slice_ is None:
            continue  # slices are numbered with gaps
        yield Gpu(
            index=card.index,
            uuid=pynvml.nvmlDeviceGetUUID(slice_),
            name=pynvml.nvmlDeviceGetName(slice_),
            memory_gb=_memory_gb(slice_),
            compute_capability=card.compute_capability,
            pci=card.pci,
            card=card.uuid,
            slice=number,
        )


def _memory_gb(handle: pynvml.c_nvmlDevice_t) -> float:
    return round(pynvml.nvmlDeviceGetMemoryInfo(handle).total / GB, 1)
