"""What a job requires, what a worker can do, and the one matcher between them.

`unmet` yields every requirement that a capability does not meet, with both values, so that the
same code decides a claim and explains a wait. A number that a worker does not state counts as
zero; a set that it does not state counts as everything.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import attrs
from attrs import field, frozen
from attrs.converters import optional

from shared.engines import Engine
from shared.labels import LabelNeed
from shared.names import each_in_order, holds, in_order


@frozen(kw_only=True)
class HardwareNeed:
    """The least a job needs. Sizes in GB (10^9 bytes)."""

    gpu_memory_gb: float = 0
    gpu_count: int = 0
    compute_capability: float = 0
    cpu_cores: int = 0
    ram_gb: float = 0
    storage_gb: float = 0


@frozen(kw_only=True, cache_hash=True)
class Requirement:
    """What a worker must offer to run a job. Equal requirements share a lane."""

    service_type: str
    component: str | None = None
    workflow: str | None = None
    models: tuple[str, ...] = ()
    custom_nodes: tuple[str, ...] = ()
    hardware: HardwareNeed = field(factory=HardwareNeed)
    customer_id: str | None = None
    customer_isolation: str | None = None
    geographic_region: str | None = None
    compliance: tuple[str, ...] = ()
    quality_level: str | None = None
    max_rate_per_hour: float | None = None
    labels: tuple[LabelNeed, ...] = ()


@frozen(kw_only=True)
class Hardware:
    """What a worker has. Sizes in GB (10^9 bytes)."""

    gpu_memory_gb: float = 0
    gpu_count: int = 0
    gpu_model: str | None = None
    compute_capability: float = 0
    cpu_cores: int = 0
    ram_gb: float = 0
    storage_gb: float = 0


@frozen(kw_only=True)
class CustomerAccess:
    """Whose jobs a worker takes: `denied` always wins; an empty `allowed` lets everybody in."""

    isolation: str = "loose"
    allowed_customers: tuple[str, ...] = field(default=(), converter=in_order)
    denied_customers: tuple[str, ...] = field(default=(), converter=in_order)


@frozen(kw_only=True)
class Performance:
    """How well a worker works."""

    quality_levels: tuple[str, ...] | None = field(default=None, converter=optional(in_order))


@frozen(kw_only=True)
class Location:
    """Where a worker stands."""

    region: str | None = None
    compliance_zones: tuple[str, ...] = field(default=(), converter=in_order)


@frozen(kw_only=True)
class Cost:
    """What a worker costs, in the operator's currency."""

    rate_per_hour: float = 0


@frozen(kw_only=True)
class Capability:
    """What a worker can do. `None` for a set means that it is not limited; sets are in order."""

    services: tuple[str, ...] = field(converter=in_order)
    components: tuple[str, ...] | None = field(default=None, converter=optional(in_order))
    workflows: tuple[str, ...] | None = field(default=None, converter=optional(in_order))
    models: dict[str, tuple[str, ...]] | None = field(
        default=None, converter=optional(each_in_order)
    )
    custom_nodes: tuple[str, ...] | None = field(default=None, converter=optional(in_order))
    hardware: Hardware = field(factory=Hardware)
    customer_access: CustomerAccess = field(factory=CustomerAccess)
    performance: Performance = field(factory=Performance)
    location: Location = field(factory=Location)
    cost: Cost = field(factory=Cost)
    labels: dict[str, str] = field(factory=dict)
    engines: tuple[Engine, ...] = ()  # asked for by their labels, such as comfyui_version


@frozen
class Unmet:
    """One requirement that a worker does not meet."""

    field: str
    needs: str
    has: str
    offered: Collection[str] = attrs.field(
        default=(), eq=False, repr=False
    )  # of a long list, all of it


LISTED = 20  # of more, only the number is told
Predicate = Callable[[Capability, Requirement], Unmet | None]


def satisfies(capability: Capability, requirement: Requirement) -> bool:
    """Whether a worker with this capability can run a job with this requirement."""
    return next(unmet(capability, requirement), None) is None


def unmet(capability: Capability, requirement: Requirement) -> Iterator[Unmet]:
    """Every requirement that the capability does not meet, the most telling first."""
    found = (predicate(capability, requirement) for predicate in PREDICATES)
    return (each for each in found if each is not None)


def _among(name: str, needed: str | None, offered: Sequence[str] | None) -> Unmet | None:
    if needed is None or offered is None or holds(offered, needed):
        return None
    return Unmet(name, needed, _listed(offered))


def _all_among(name: str, needed: tuple[str, ...], offered: Sequence[str] | None) -> Unmet | None:
    if offered is None or not (missing := [each for each in needed if not holds(offered, each)]):
        return None
    if len(offered) <= LISTED:
        return Unmet(name, _listed(missing), _listed(offered))
    return Unmet(name, _listed(missing), f"{len(offered)} others", offered)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _service(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _among("service_type", requirement.service_type, capability.services)


def _component(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _among("component", requirement.component, capability.components)


def _workflow(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _among("workflow", requirement.workflow, capability.workflows)


def _models(capability: Capability, requirement: Requirement) -> Unmet | None:
    offered = capability.models or {}
    return _all_among("models", requirement.models, offered.get(requirement.service_type))


def _custom_nodes(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _all_among("custom_nodes", requirement.custom_nodes, capability.custom_nodes)


def _at_least(name: str) -> Predicate:
    def predicate(capability: Capability, requirement: Requirement) -> Unmet | None:
        needs = getattr(requirement.hardware, name)
        has = getattr(capability.hardware, name)
        return Unmet(f"hardware.{name}", f"{needs:g}", f"{has:g}") if has < needs else None

    return predicate


def _customer(capability: Capability, requirement: Requirement) -> Unmet | None:
    customer, access = requirement.customer_id, capability.customer_access
    if customer is None:
        return None
    if holds(access.denied_customers, customer):
        return Unmet("customer_id", customer, f"denies {_listed(access.denied_customers)}")
    return _among("customer_id", customer, access.allowed_customers or None)


def _isolation(capability: Capability, requirement: Requirement) -> Unmet | None:
    has = capability.customer_access.isolation
    if requirement.customer_isolation == "strict" and has != "strict":
        return Unmet("customer_isolation", "strict", has)
    return None


def _region(capability: Capability, requirement: Requirement) -> Unmet | None:
    region = capability.location.region
    return _among("geographic_region", requirement.geographic_region, [region] if region else [])


def _compliance(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _all_among("compliance", requirement.compliance, capability.location.compliance_zones)


def _quality(capability: Capability, requirement: Requirement) -> Unmet | None:
    return _among("quality_level", requirement.quality_level, capability.performance.quality_levels)


def _rate(capability: Capability, requirement: Requirement) -> Unmet | None:
    ceiling, rate = requirement.max_rate_per_hour, capability.cost.rate_per_hour
    if ceiling is not None and rate > ceiling:
        return Unmet("max_rate_per_hour", f"<= {ceiling:g}", f"{rate:g}")
    return None


def _labels(capability: Capability, requirement: Requirement) -> Unmet | None:
    for need in requirement.labels:
        if not need.is_met(capability.labels):
            return Unmet(f"labels.{need.label}", need.words, need.has_words(capability.labels))
    return None


PREDICATES: tuple[Predicate, ...] = (
    _service,
    _component,
    _workflow,
    _models,
    _custom_nodes,
    *(_at_least(each.name) for each in attrs.fields(HardwareNeed)),
    _customer,
    _isolation,
    _region,
    _compliance,
    _quality,
    _rate,
    _labels,
)
