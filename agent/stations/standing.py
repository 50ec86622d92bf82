"""What a worker is, whatever it can do: what is found, and what the operator says instead."""

from attrs import asdict, evolve

from agent.inventory import Gpu, Provider, find_hardware
from agent.settings import AgentSettings
from shared.matching import Capability, Cost, CustomerAccess, Location, Performance

_LABELS = ("type", "description", "storage_type", "data_locality", "cost_tier", "cpu_threads")
_MODELS = ("comfyui", "a1111")


def standing(
    found: Capability, settings: AgentSettings, provider: Provider, gpu: Gpu | None
) -> Capability:
    """The capability with hardware, place, price and customers, and with more labels."""
    said = {
        "gpu_memory_gb": settings.gpu_memory_gb,
        "gpu_model": settings.gpu_model,
        "gpu_count": settings.gpu_count,
        "compute_capability": settings.gpu_compute_capability,
        "cpu_cores": settings.cpu_cores,
        "ram_gb": settings.ram_gb,
        "storage_gb": settings.storage_gb,
    }
    hardware = asdict(find_hardware(gpu))
    hardware |= {name: value for name, value in said.items() if value is not None}
    return evolve(
        found,
        hardware=evolve(found.hardware, **hardware),
        models=_models(found, settings),
        location=Location(
            region=settings.region or provider.region, compliance_zones=settings.compliance_tags
        ),
        cost=Cost(rate_per_hour=settings.rate_per_hour),
        customer_access=CustomerAccess(
            isolation=settings.customer_isolation,
            allowed_customers=settings.allowed_customers,
            denied_customers=settings.denied_customers,
        ),
        performance=Performance(quality_levels=settings.quality_levels or None),
        labels=found.labels | _labels(settings, provider),
    )


def _models(found: Capability, settings: AgentSettings) -> dict[str, tuple[str, ...]] | None:
    said: dict[str, tuple[str, ...]] = {
        service: models
        for service in _MODELS
        if service in found.services and (models := getattr(settings, f"{service}_models"))
    }
    return {**(found.models or {}), **said} if said else found.models


def _labels(settings: AgentSettings, provider: Provider) -> dict[str, str]:
    is_spot = provider.is_spot if settings.spot is None else settings.spot
    known: dict[str, str | None] = {
        "provider": settings.provider or provider.name,
        "instance_type": settings.instance_type or provider.instance_type,
        "spot": None if is_spot is None else str(is_spot).lower(),
    }
    known |= {name: getattr(settings, f"{name}_label") for name in _LABELS}
    return {name: value for name, value in known.items() if value} | dict(settings.labels)
