"""Faults that the driver tells of GPUs while they work: XID and ECC events."""

import asyncio
import ctypes
import logging
from collections.abc import Callable, Iterable
from typing import NoReturn

import pynvml
from attrs import frozen

from agent.inventory.gpus import Gpu
from agent.inventory.nvml import handle_of

log = logging.getLogger(__name__)

_WAIT_MS = 250  # how long the end of the agent may have to wait for the library

# What a program on the GPU did wrong, or what the card has put right by itself: the card goes on.
_HARMLESS_XIDS = frozenset({8, 13, 31, 32, 43, 45, 63, 68, 69, 92})
_XIDS = {
    48: "a memory error that ECC cannot correct",
    62: "an internal halt of the micro-controller",
    64: "a memory row that cannot be remapped",
    74: "an NVLink error",
    79: "the GPU has fallen off the bus",
    94: "a contained memory error",
    95: "an uncontained memory error",
    119: "the GPU's system processor does not answer",
    120: "an error of the GPU's system processor",
}


@frozen
class GpuFault:
    """What the driver tells of a GPU, by the UUID of its card.

    After one that `lasts` the card can no longer be trusted with work. `xid` is the driver's number.
    """

    card: str
    problem: str
    xid: int | None = None
    lasts: bool = True


async def watch_faults(gpus: Iterable[Gpu], report: Callable[[GpuFault], None]) -> NoReturn:
    """Report every fault of these GPUs from now on. Raises `NVMLError` if NVML has no events."""
    events = pynvml.nvmlEventSetCreate()
    # A card that has fallen off the bus tells its UUID no more: it is known by its address.
    cards = {_listened(card, events): card for card in dict.fromkeys(gpu.card for gpu in gpus)}
    while True:
        event = await asyncio.to_thread(_next_event, events)
        if event is None:
            continue
        card = cards.get(_address(event.device))
        if card is None:
            log.error("a GPU that is not known has a fault: %s", _fault("", event).problem)
        else:
            report(_fault(card, event))


def _listened(card: str, events: pynvml.c_nvmlEventSet_t) -> int | None:
    handle = handle_of(card)
    kinds = pynvml.nvmlEventTypeXidCriticalError | pynvml.nvmlEventTypeDoubleBitEccError
    pynvml.nvmlDeviceRegisterEvents(handle, kinds, events)
    return _address(handle)


def _address(handle: pynvml.c_nvmlDevice_t) -> int | None:
    return ctypes.cast(handle, ctypes.c_void_p).value


def _next_event(events: pynvml.c_nvmlEventSet_t) -> pynvml.c_nvmlEventData_t | None:
    try:
        return pynvml.nvmlEventSetWait_v2(events, _WAIT_MS)
    except pynvml.NVMLError as problem:
        if problem.value == pynvml.NVML_ERROR_TIMEOUT:
            return None
        raise


def _fault(card: str, event: pynvml.c_nvmlEventData_t) -> GpuFault:
    if event.eventType == pynvml.nvmlEventTypeDoubleBitEccError:
        return GpuFault(card, "ECC: a memory error that cannot be corrected")
    xid = int(event.eventData)
    lasts = xid not in _HARMLESS_XIDS
    what = _XIDS.get(xid, "an error of the GPU") if lasts else "a program on the GPU did wrong"
    return GpuFault(card, f"XID {xid}: {what}", xid, lasts)
