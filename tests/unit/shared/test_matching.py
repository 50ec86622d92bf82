"""The matcher: one row for each predicate, both ways, with both values."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from shared.labels import label_needs
from shared.matching import (
    PREDICATES,
    Capability,
    Cost,
    CustomerAccess,
    Hardware,
    HardwareNeed,
    Location,
    Performance,
    Requirement,
    Unmet,
    satisfies,
    unmet,
)


def can(**changes: Any) -> Capability:
    return evolve(Capability(services=("comfyui",)), **changes)


def needs(**changes: Any) -> Requirement:
    return evolve(Requirement(service_type="comfyui"), **changes)


def has_hardware(name: str, amount: float) -> Capability:
    changes: dict[str, Any] = {name: amount}
    return can(hardware=Hardware(**changes))


def needs_hardware(name: str, amount: float) -> Requirement:
    changes: dict[str, Any] = {name: amount}
    return needs(hardware=HardwareNeed(**changes))


def access(**changes: Any) -> Capability:
    return can(customer_access=CustomerAccess(**changes))


SIZES = ("gpu_memory_gb", "gpu_count", "compute_capability", "cpu_cores", "ram_gb", "storage_gb")

NVME, DRIVER = label_needs({"disk": "nvme", "driver": {">=": 550}})

UNMET = [
    (needs(service_type="a1111"), can(), "service_type", "a1111", "comfyui"),
    (needs(), can(services=()), "service_type", "comfyui", "none"),
    (needs(component="upscale"), can(components=("txt2img",)), "component", "upscale", "txt2img"),
    (needs(component="upscale"), can(components=()), "component", "upscale", "none"),
    (needs(workflow="w1"), can(workflows=("w3", "w2")), "workflow", "w1", "w2, w3"),
    (needs(models=("a", "c", "b")), can(models={"comfyui": ("a",)}), "models", "b, c", "a"),
    (needs(models=("a",)), can(models={"comfyui": ()}), "models", "a", "none"),
    (needs(models=("sha256:0f",)), can(models={"comfyui": ("a",)}), "models", "sha256:0f", "a"),
    (needs(custom_nodes=("x", "y")), can(custom_nodes=("y",)), "custom_nodes", "x", "y"),
    *[(needs_hardware(s, 2.5), has_hardware(s, 2), f"hardware.{s}", "2.5", "2") for s in SIZES],
    *[(needs_hardware(s, 1), can(), f"hardware.{s}", "1", "0") for s in SIZES],
    (needs(customer_id="c"), access(denied_customers=("d", "c")), "customer_id", "c", "denies c, d"),
    (needs(customer_id="c"), access(allowed_customers=("d",)), "customer_id", "c", "d"),
    (
        needs(customer_id="c"),
        access(allowed_customers=("c",), denied_customers=("c",)),
        "customer_id", "c", "denies c",
    ),
    (needs(customer_isolation="strict"), can(), "customer_isolation", "strict", "loose"),
    (needs(geographic_region="eu"), can(), "geographic_region", "eu", "none"),
    (
        needs(geographic_region="eu"), can(location=Location(region="us")),
        "geographic_region", "eu", "us",
    ),
    (needs(compliance=("gdpr",)), can(), "compliance", "gdpr", "none"),
    (
        needs(compliance=("gdpr", "hipaa")), can(location=Location(compliance_zones=("gdpr",))),
        "compliance", "hipaa", "gdpr",
    ),
    (
        needs(quality_level="quality"), can(performance=Performance(quality_levels=("fast",))),
        "quality_level", "quality", "fast",
    ),
    (needs(max_rate_per_hour=1.5), can(cost=Cost(rate_per_hour=2)), "max_rate_per_hour", "<= 1.5", "2"),
    (needs(max_rate_per_hour=0), can(cost=Cost(rate_per_hour=0.1)), "max_rate_per_hour", "<= 0", "0.1"),
    (
        needs(labels=(NVME, DRIVER)), can(labels={"disk": "nvme", "driver": "535"}),
        "labels.driver", ">= 550", "535",
    ),
    (needs(labels=(DRIVER, NVME)), can(), "labels.driver", ">= 550", "no such label"),
]  # fmt: skip

MET = [
    (needs(), can()),
    (needs(), can(services=("a1111", "comfyui"))),
    (needs(component="upscale"), can()),
    (needs(component="upscale"), can(components=("upscale",))),
    (needs(), can(components=())),
    (needs(workflow="w"), can()),
    (needs(workflow="w"), can(workflows=("w",))),
    (needs(models=("a",)), can()),
    (needs(models=("a",)), can(models={"comfyui": ("b", "a")})),
    (needs(models=("sha256:0f", "a")), can(models={"comfyui": ("a", "sha256:0f")})),
    (needs(), can(models={})),
    (needs(models=("a",)), can(models={"a1111": ("b",)})),
    (needs(custom_nodes=("x",)), can()),
    (needs(custom_nodes=("x",)), can(custom_nodes=("x", "y"))),
    *[(needs_hardware(size, 2), has_hardware(size, 2)) for size in SIZES],
    *[(needs(), has_hardware(size, 2)) for size in SIZES],
    (needs(customer_id="c"), can()),
    (needs(customer_id="c"), access(allowed_customers=("c",))),
    (needs(customer_id="c"), access(denied_customers=("d",))),
    (needs(), access(allowed_customers=("d",), denied_customers=("c",))),
    (needs(customer_isolation="strict"), access(isolation="strict")),
    (needs(customer_isolation="loose"), access(isolation="strict")),
    (needs(customer_isolation="none"), can()),
    (needs(geographic_region="eu"), can(location=Location(region="eu"))),
    (needs(), can(location=Location(region="eu"))),
    (needs(compliance=("gdpr",)), can(location=Location(compliance_zones=("gdpr", "hipaa")))),
    (needs(quality_level="fast"), can()),
    (needs(quality_level="fast"), can(performance=Performance(quality_levels=("fast",)))),
    (needs(max_rate_per_hour=2), can(cost=Cost(rate_per_hour=2))),
    (needs(max_rate_per_hour=0), can()),
    (needs(labels=(NVME, DRIVER)), can(labels={"disk": "nvme", "driver": "550"})),
    (needs(), can(labels={"disk": "nvme"})),
]


@pytest.mark.parametrize(("requirement", "capability", "field", "wants", "has"), UNMET)
def test_what_is_unmet_is_told_with_both_values(
    requirement: Requirement, capability: Capability, field: str, wants: str, has: str
) -> None:
    assert list(unmet(capability, requirement)) == [Unmet(field, wants, has)]
    assert not satisfies(capability, requirement)


@pytest.mark.parametrize(("requirement", "capability"), MET)
def test_what_is_met_is_met(requirement: Requirement, capability: Capability) -> None:
    assert list(unmet(capability, requirement)) == []
    assert satisfies(capability, requirement)


def test_a_long_list_is_counted_and_kept_for_whoever_puts_it_into_words() -> None:
    many = tuple(f"n{number:02}" for number in range(21))
    (lacking,) = unmet(can(custom_nodes=many), needs(custom_nodes=("x",)))
    assert (lacking.has, lacking.offered) == ("21 others", many)
    (shorter,) = unmet(can(custom_nodes=many[:20]), needs(custom_nodes=("x",)))
    assert (shorter.has.count(", "), shorter.offered) == (19, ())


def test_every_predicate_is_in_the_table() -> None:
    fields = {field for _, _, field, _, _ in UNMET}
    assert len(fields) == len(PREDICATES)


def test_all_that_is_unmet_is_told_the_most_telling_first() -> None:
    requirement = needs(service_type="a1111", geographic_region="eu", max_rate_per_hour=1)
    found = list(unmet(can(cost=Cost(rate_per_hour=5)), requirement))
    assert [each.field for each in found] == [
        "service_type", "geographic_region", "max_rate_per_hour",
    ]  # fmt: skip


names = st.sampled_from(["a", "b", "c"])
sets = st.lists(names, max_size=3, unique=True).map(tuple)
numbers = st.integers(0, 3)


def hardware(cls: Callable[..., Any]) -> st.SearchStrategy[Any]:
    return st.builds(cls, **dict.fromkeys(SIZES, numbers))


requirements = st.builds(
    Requirement,
    service_type=names,
    component=st.none() | names,
    workflow=st.none() | names,
    models=sets,
    custom_nodes=sets,
    hardware=hardware(HardwareNeed),
    customer_id=st.none() | names,
    customer_isolation=st.sampled_from([None, "strict", "loose", "none"]),
    geographic_region=st.none() | names,
    compliance=sets,
    quality_level=st.none() | names,
    max_rate_per_hour=st.none() | numbers,
    labels=st.dictionaries(names, names | st.fixed_dictionaries({">=": numbers}), max_size=2).map(
        label_needs
    ),
)
capabilities = st.builds(
    Capability,
    services=sets,
    components=st.none() | sets,
    workflows=st.none() | sets,
    models=st.none() | st.dictionaries(names, sets, max_size=3),
    custom_nodes=st.none() | sets,
    hardware=hardware(Hardware),
    customer_access=st.builds(
        CustomerAccess,
        isolation=st.sampled_from(["strict", "loose", "none"]),
        allowed_customers=sets,
        denied_customers=sets,
    ),
    performance=st.builds(Performance, quality_levels=st.none() | sets),
    location=st.builds(Location, region=st.none() | names, compliance_zones=sets),
    cost=st.builds(Cost, rate_per_hour=numbers),
    labels=st.dictionaries(names, names | numbers.map(str), max_size=3),
)


def wider(offered: tuple[str, ...] | None, more: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if offered is None else (*offered, *more)


def grown(worker: Capability, more: tuple[str, ...], by: int) -> Capability:
    """The same worker with more of everything; who may use it stays as it was."""
    models = worker.models
    if models is not None:
        models = {name: (*each, *more) for name, each in models.items()}
    bigger = {size: getattr(worker.hardware, size) + by for size in SIZES}
    zones = (*worker.location.compliance_zones, *more)
    quality = Performance(quality_levels=wider(worker.performance.quality_levels, more))
    return evolve(
        worker,
        services=(*worker.services, *more),
        components=wider(worker.components, more),
        workflows=wider(worker.workflows, more),
        models=models,
        custom_nodes=wider(worker.custom_nodes, more),
        hardware=evolve(worker.hardware, **bigger),
        customer_access=evolve(worker.customer_access, isolation="strict"),
        performance=quality,
        location=evolve(worker.location, compliance_zones=zones),
        cost=Cost(rate_per_hour=max(0, worker.cost.rate_per_hour - by)),
    )


@given(capabilities, requirements)
def test_a_worker_satisfies_exactly_what_leaves_nothing_unmet(
    capability: Capability, requirement: Requirement
) -> None:
    found = list(unmet(capability, requirement))
    assert satisfies(capability, requirement) == (not found)
    assert len({each.field for each in found}) == len(found)


@given(capabilities, requirements, sets, numbers)
def test_more_capability_leaves_no_more_unmet(
    capability: Capability, requirement: Requirement, more: tuple[str, ...], by: int
) -> None:
    before = {each.field for each in unmet(capability, requirement)}
    after = {each.field for each in unmet(grown(capability, more, by), requirement)}
    assert after <= before


@given(capabilities, requirements)
def test_no_limit_leaves_no_more_unmet(capability: Capability, requirement: Requirement) -> None:
    free = evolve(
        capability, components=None, workflows=None, models=None, custom_nodes=None,
        performance=Performance(),
    )  # fmt: skip
    assert {each.field for each in unmet(free, requirement)} <= {
        each.field for each in unmet(capability, requirement)
    }


@given(capabilities, requirements)
def test_a_job_that_asks_for_less_finds_no_less(
    capability: Capability, requirement: Requirement
) -> None:
    plain = Requirement(service_type=requirement.service_type)
    assert satisfies(capability, plain) or not satisfies(capability, requirement)
