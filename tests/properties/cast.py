"""Who plays in the tests: requirements, and workers that can meet some of them."""

from attrs import frozen

from shared.matching import Capability, CustomerAccess, Hardware, HardwareNeed, Requirement

NEEDS: dict[str, Requirement] = {
    "a": Requirement(service_type="a"),
    "b": Requirement(service_type="b"),
    "a with a model": Requirement(service_type="a", models=("m",)),
    "a on a big GPU": Requirement(service_type="a", hardware=HardwareNeed(gpu_memory_gb=24)),
    "b for a customer": Requirement(service_type="b", customer_id="c1"),
    "nobody's": Requirement(service_type="c"),
}


@frozen
class Part:
    """A worker: what it offers, and by name what it can therefore do."""

    capability: Capability
    can: frozenset[str]
    slots: int


_NARROW = Capability(services=("a",), models={"a": ()})

WORKERS: dict[str, Part] = {
    "broad": Part(
        Capability(services=("a", "b"), hardware=Hardware(gpu_memory_gb=80)),
        frozenset(NEEDS) - {"nobody's"},
        slots=3,
    ),
    "between": Part(
        Capability(
            services=("a", "b"),
            models={"a": ("m",)},
            customer_access=CustomerAccess(denied_customers=("c1",)),
        ),
        frozenset({"a", "b", "a with a model"}),
        slots=2,
    ),
    "narrow": Part(_NARROW, frozenset({"a"}), slots=1),
    "twin": Part(_NARROW, frozenset({"a"}), slots=2),
}
