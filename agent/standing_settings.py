"""What the operator says of the worker: its hardware, its models, whose jobs it takes."""

from attrs import frozen, validators

from shared.labels import LONGEST
from shared.settings import setting

_NATURAL = validators.optional(validators.ge(0))
_SHORT = validators.optional(validators.max_len(LONGEST))


def _said(*names: str) -> tuple[str, ...]:
    return tuple(f"WORKER_{name}" for name in names) + names


@frozen(kw_only=True, slots=False)  # of several bases only one may have slots
class StandingOptions:
    """What is told to the hub in place of what the agent finds, or beside it."""

    gpu_memory_gb: float | None = setting(
        _said("GPU_MEMORY_GB"), None, "memory of the GPU in place of what its driver tells",
        validator=_NATURAL,
    )  # fmt: skip
    gpu_model: str | None = setting(
        _said("GPU_MODEL"), None, "model of the GPU in place of what its driver tells"
    )
    gpu_count: int | None = setting(
        _said("GPU_COUNT"), None, "how many GPUs each worker has, 1 when its driver tells of one",
        validator=_NATURAL,
    )  # fmt: skip
    gpu_compute_capability: float | None = setting(
        _said("GPU_COMPUTE_CAPABILITY"), None, "such as 8.9, in place of what the driver tells",
        validator=_NATURAL,
    )  # fmt: skip
    cpu_cores: int | None = setting(
        _said("CPU_CORES"), None, "processors in place of those found", validator=_NATURAL
    )
    ram_gb: float | None = setting(
        _said("RAM_GB"), None, "memory in place of what is found", validator=_NATURAL
    )
    storage_gb: float | None = setting(
        _said("STORAGE_GB"), None, "free disk in place of what is found", validator=_NATURAL
    )
    comfyui_models: tuple[str, ...] = setting(
        _said("COMFYUI_MODELS"),
        (),
        "models of comfyui in place of those found, with commas between",
    )
    a1111_models: tuple[str, ...] = setting(
        _said("A1111_MODELS"), (), "models of a1111 in place of those found, with commas between"
    )
    customer_isolation: str = setting(
        _said("CUSTOMER_ISOLATION"), "loose", "how far customers are kept apart: none, loose, strict",
        parse=str.lower, validator=validators.in_(("none", "loose", "strict")),
    )  # fmt: skip
    allowed_customers: tuple[str, ...] = setting(
        _said("ALLOWED_CUSTOMERS"),
        (),
        "whose jobs are taken, with commas between; all when not set",
    )
    denied_customers: tuple[str, ...] = setting(
        _said("DENIED_CUSTOMERS"), (), "whose jobs are never taken"
    )
    quality_levels: tuple[str, ...] = setting(
        _said("QUALITY_LEVELS"), (), "of fast, balanced, quality; all when not set",
        validator=validators.deep_iterable(validators.in_(("fast", "balanced", "quality"))),
    )  # fmt: skip
    compliance_tags: tuple[str, ...] = setting(
        _said("COMPLIANCE_TAGS"), (), "the rules that the place keeps, such as gdpr,hipaa"
    )
    type_label: str | None = setting(
        "WORKER_TYPE", None, "a label that jobs may ask for: type", validator=_SHORT
    )
    description_label: str | None = setting(
        "WORKER_DESCRIPTION", None, "a label: description", validator=_SHORT
    )
    storage_type_label: str | None = setting(
        _said("STORAGE_TYPE"), None, "a label: storage_type, such as SSD", validator=_SHORT
    )
    data_locality_label: str | None = setting(
        _said("DATA_LOCALITY"), None, "a label: data_locality", validator=_SHORT
    )
    cost_tier_label: str | None = setting(
        _said("COST_TIER"), None, "a label: cost_tier, such as economy", validator=_SHORT
    )
    cpu_threads_label: str | None = setting(
        _said("CPU_THREADS"), None, "a label: cpu_threads", validator=_SHORT
    )
