"""How busy the machine was in the last half hour, for graphs."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NoReturn

from attrs import define, field

from agent.inventory import gpu_load, host_load
from agent.stations import Station

PERIOD_S = 5.0
_KEPT = 360
_OF_GPU = ("gpu_usage", "gpu_memory_usage", "gpu_temperature", "gpu_power_w")


@define(eq=False)
class Gauges:
    """Readings, oldest first: percent, °C and W by worker."""

    samples: deque[dict[str, Any]] = field(
        factory=lambda: deque[dict[str, Any]](maxlen=_KEPT), init=False
    )

    async def watch(self, stations: Sequence[Station]) -> NoReturn:
        """Take a reading now and then."""
        while True:
            self.samples.append(await asyncio.to_thread(_reading, stations))
            await asyncio.sleep(PERIOD_S)


def _reading(stations: Sequence[Station]) -> dict[str, Any]:
    host = host_load()
    return {
        "at": round(time.time(), 1),
        "cpu": host["cpu_usage"],
        "memory": host["memory_usage"],
        "disk": host["disk_usage"],
        "used": sum(each.slots.used for each in stations),
        "gpus": {each.post.worker_id: _of_gpu(each) for each in stations if each.post.gpu},
    }


def _of_gpu(station: Station) -> dict[str, Any]:
    load = gpu_load(station.post.gpu) if station.post.gpu else {}
    return {name: load[name] for name in _OF_GPU if name in load}
