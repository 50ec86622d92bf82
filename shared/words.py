"""What a worker lacks for a job, in words for people."""

from collections.abc import Sequence
from difflib import get_close_matches

from shared.matching import Unmet

_NEEDS = {
    "service_type": "the service {}",
    "component": "the component {}",
    "workflow": "the workflow {}",
    "models": "the models {}",
    "custom_nodes": "the custom nodes {}",
    "hardware.gpu_memory_gb": "{} GB of GPU memory",
    "hardware.gpu_count": "{} GPUs",
    "hardware.compute_capability": "compute capability {}",
    "hardware.cpu_cores": "{} CPU cores",
    "hardware.ram_gb": "{} GB of RAM",
    "hardware.storage_gb": "{} GB of storage",
    "customer_id": "a worker for the customer {}",
    "customer_isolation": "{} isolation of customers",
    "geographic_region": "the region {}",
    "compliance": "compliance with {}",
    "quality_level": "the quality level {}",
    "max_rate_per_hour": "a rate per hour {}",
}
_SHOWN = 3


def told(unmet: Unmet) -> str:
    """Both values: `needs 20 GB of GPU memory, has 16`."""
    return f"{_needs(unmet)}, has {has(unmet)}"


def has(unmet: Unmet) -> str:
    """What the worker has instead; of a long list, the names that the missing ones may be meant for."""
    if not unmet.offered:
        return unmet.has
    near = [
        name
        for missing in unmet.needs.split(", ")
        for name in get_close_matches(missing, unmet.offered, n=1)
    ]
    more = len(unmet.offered) - len(near)
    return ", ".join(near) + f" and {more} others" if near else unmet.has


def told_of_all(unmet: Sequence[Unmet], workers: int) -> str:
    """What the best of several workers has of one thing: `needs …; the best of 3 workers has 16`.

    `unmet` must be of one field and need, one for each kind of worker.
    """
    if workers == 1:
        return f"{_needs(unmet[0])}; the only worker has {has(unmet[0])}"
    return f"{_needs(unmet[0])}; {_best(unmet, workers)}"


def _needs(unmet: Unmet) -> str:
    label = unmet.field.removeprefix("labels.")
    noun = f"the label {label} {{}}" if label != unmet.field else _NEEDS[unmet.field]
    return "needs " + noun.format(unmet.needs)


def _best(unmet: Sequence[Unmet], workers: int) -> str:
    found = list(dict.fromkeys(map(has, unmet)))
    if _is_amount(unmet[0]):
        best = min if unmet[0].field == "max_rate_per_hour" else max
        return f"the best of {workers} workers has {best(found, key=_number)}"
    more = " or others" if len(found) > _SHOWN else ""
    return f"the {workers} workers have {' or '.join(found[:_SHOWN])}{more}"


def _is_amount(unmet: Unmet) -> bool:
    return unmet.field.startswith("hardware.") or unmet.needs.startswith((">=", "<="))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # a label may hold any text, or be missing
        return float("-inf")
