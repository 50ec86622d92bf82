"""One worker's GPU."""

from collections.abc import Iterator
from typing import Any

from agent.inventory import Gpu, gpu_load
from agent.preflight.finding import Finding
from agent.settings import AgentSettings

HOTTEST = 92
"""°C at which data centre cards slow themselves down."""


def gpu_findings(settings: AgentSettings, gpu: Gpu | None) -> Iterator[Finding]:
    """Whether the GPU answers, is sound, cool and free."""
    if gpu is None:
        return
    load = gpu_load(gpu)
    if not load:
        yield Finding(
            name=gpu.label,
            problem="the GPU does not answer any more",
            remedy="reboot the machine; a GPU that is lost again is broken",
        )
        return
    yield _memory(settings, gpu, load)
    yield _ecc(gpu, load)
    yield _heat(gpu, load)


def _memory(settings: AgentSettings, gpu: Gpu, load: dict[str, Any]) -> Finding:
    free_gb, needed_gb = load.get("gpu_memory_free_gb", gpu.memory_gb), settings.min_vram_gb
    others = ", ".join(str(each["pid"]) for each in load.get("gpu_processes", ()))
    return Finding(
        name=f"{gpu.label} memory",
        problem=f"{free_gb:g} GB of {gpu.memory_gb:g} GB are free, {needed_gb:g} GB are needed"
        + (f"; processes {others} hold the rest" if others else "")
        if free_gb < needed_gb
        else None,
        remedy="end what else uses the GPU (nvidia-smi shows it), or lower WORKER_MIN_VRAM_GB",
        detail=f"{free_gb:g} GB of {gpu.memory_gb:g} GB free",
    )


def _ecc(gpu: Gpu, load: dict[str, Any]) -> Finding:
    errors = load.get("gpu_ecc_uncorrected", 0)
    return Finding(
        name=f"{gpu.label} ECC",
        problem=f"{errors} memory errors that cannot be corrected" if errors else None,
        remedy="reset the GPU (nvidia-smi --gpu-reset) or reboot; replace it if they come again",
        detail="no errors",
    )


def _heat(gpu: Gpu, load: dict[str, Any]) -> Finding:
    heat = load.get("gpu_temperature", 0)
    return Finding(
        name=f"{gpu.label} heat",
        problem=f"{heat} °C before any work" if heat >= HOTTEST else None,
        remedy="check fans and air; a machine that is this hot slows down or shuts down",
        detail=f"{heat} °C",
    )
