"""What clients may send, field by field, as the store takes it."""

from typing import Any

import msgspec
import pytest
from attrs import fields_dict

from hub.api.bodies import CancelBody, HardwareBody, JobBody
from shared.fields import FieldError
from shared.jobs import JobSpec
from shared.labels import LabelNeed, Operator
from shared.matching import HardwareNeed, Requirement

GRAPH = {"1": {"class_type": "KSampler", "inputs": {"seed": 2**64 - 1}}}
UI_EXPORT: dict[str, Any] = {"nodes": [], "links": [], "version": 0.4}


def spec(**changes: Any) -> JobSpec:
    plain: dict[str, Any] = {"type": "simulation", "payload": {}}
    return msgspec.convert(plain | changes, JobBody).spec(50)


def hardware(**needs: Any) -> HardwareNeed:
    return spec(requirements={"hardware": needs}).requirement.hardware


def test_a_bare_job_gets_the_defaults() -> None:
    plain = spec()
    assert plain == JobSpec(
        type="simulation", payload={}, requirement=Requirement(service_type="simulation")
    )


def test_every_field_arrives_where_it_belongs() -> None:
    asked: dict[str, Any] = {
        "service_type": "comfyui",
        "component": "sdxl",
        "workflow": "portrait",
        "models": ["a", "b"],
        "custom_nodes": ["n"],
        "hardware": {"gpu_memory_gb": 24, "gpu_count": 2, "compute_capability": 8.9,
                     "cpu_cores": 4, "ram_gb": 32.5, "storage_gb": 100},
        "customer_isolation": "strict",
        "geographic_region": "eu",
        "compliance": ["gdpr"],
        "quality_level": "fast",
        "max_rate_per_hour": 1.5,
        "labels": {"disk": "nvme", "driver": {">=": 550}},
    }  # fmt: skip
    full = spec(
        priority=-3, requirements=asked, customer_id="studio", max_retries=0, timeout_minutes=0.5,
        workflow_id="w", workflow_priority=9, workflow_datetime=1, step_number=2,
        run_at="1970-01-02T00:00:00Z", deadline=86_401, unique_key="u",
    )  # fmt: skip
    assert full.requirement == Requirement(
        service_type="comfyui", component="sdxl", workflow="portrait", models=("a", "b"),
        custom_nodes=("n",), customer_id="studio", customer_isolation="strict",
        hardware=HardwareNeed(
            gpu_memory_gb=24, gpu_count=2, compute_capability=8.9, cpu_cores=4, ram_gb=32.5,
            storage_gb=100,
        ),
        geographic_region="eu", compliance=("gdpr",), quality_level="fast", max_rate_per_hour=1.5,
        labels=(LabelNeed("disk", Operator.IS, ("nvme",)), LabelNeed("driver", Operator.AT_LEAST, ("550",))),
    )  # fmt: skip
    assert (full.priority, full.customer_id, full.max_retries) == (-3, "studio", 0)
    assert (full.timeout_minutes, full.workflow_id, full.step_number) == (0.5, "w", 2)
    assert (full.workflow_priority, full.workflow_datetime) == (9, 1)
    assert (full.run_at, full.deadline, full.unique_key) == (86_400_000, 86_401_000, "u")


def test_priority_zero_is_a_priority() -> None:
    assert spec(priority=0).priority == 0
    assert spec(priority=None).priority == 50


def test_a_timeout_may_stand_among_the_requirements() -> None:
    assert spec(requirements={"timeout_minutes": 3}).timeout_minutes == 3
    assert spec(timeout_minutes=2, requirements={"timeout_minutes": 3}).timeout_minutes == 2


def test_all_means_no_limit() -> None:
    limits = {"component": "all", "workflow": "all", "models": "all"}
    asked = limits | {"hardware": dict.fromkeys(HardwareBody.__struct_fields__, "all")}
    assert spec(requirements=asked).requirement == Requirement(service_type="simulation")


def test_hardware_can_be_asked_for_in_every_way_that_is_matched() -> None:
    assert set(HardwareBody.__struct_fields__) == set(fields_dict(HardwareNeed))


@pytest.mark.parametrize("name", HardwareBody.__struct_fields__)
def test_a_text_is_no_amount_of_hardware(name: str) -> None:
    with pytest.raises(FieldError) as refused:
        hardware(**{name: "lots"})
    assert refused.value.field == f"requirements.hardware.{name}"
    assert refused.value.accepted == 'a number, or "all"'


def test_a_text_is_no_list_of_models() -> None:
    with pytest.raises(FieldError) as refused:
        spec(requirements={"models": "sdxl"})
    assert refused.value.field == "requirements.models"
    assert refused.value.accepted == 'a list of names, or "all"'


def test_a_label_at_fault_is_named() -> None:
    with pytest.raises(FieldError) as refused:
        spec(requirements={"labels": {"driver": {"~": 1}}})
    assert refused.value.field == "requirements.labels.driver.~"
    assert refused.value.accepted.startswith("a value, or an object with any of =, in, >=")


@pytest.mark.parametrize(("name", "value"), [("workflow_priority", 0), ("workflow_datetime", 0)])
def test_facts_about_a_workflow_need_a_workflow(name: str, value: int) -> None:
    with pytest.raises(FieldError) as refused:
        spec(**{name: value})
    assert (refused.value.field, refused.value.problem) == (name, "there is no workflow_id")
    assert str(refused.value) == f"{name}: there is no workflow_id; accepted: both, or neither"


@pytest.mark.parametrize("payload", [{"workflow": GRAPH}, {"prompt": GRAPH}, GRAPH])
def test_a_comfyui_job_may_bring_its_graph_in_each_form(payload: dict[str, Any]) -> None:
    assert spec(type="comfyui", payload=payload).payload == payload


@pytest.mark.parametrize("type_", ["comfyui", "simulation"])
def test_an_export_of_the_user_interface_is_refused_with_the_remedy(type_: str) -> None:
    with pytest.raises(FieldError, match=r"Workflow > Export \(API\)") as refused:
        spec(type=type_, payload={"workflow": UI_EXPORT})
    assert refused.value.field == "payload"
    assert refused.value.accepted == "a ComfyUI workflow in API format"


def test_a_comfyui_job_without_a_graph_is_refused() -> None:
    with pytest.raises(FieldError, match="at least one node"):
        spec(type="comfyui")


def test_the_payload_of_another_type_is_nobodys_business() -> None:
    payload = {"workflow": UI_EXPORT, "prompt": "a cat"}
    assert spec(type="rest_sync", payload=payload).payload == payload
    assert spec(payload={"prompt": "a cat"}).payload == {"prompt": "a cat"}


def test_a_cancel_has_a_reason_without_being_given_one() -> None:
    assert CancelBody().reason == "Manually cancelled"


def test_jobs_that_ask_for_the_same_share_what_they_ask_for() -> None:
    asked = {"hardware": {"gpu_count": 2}, "labels": {"disk": "nvme"}}
    first, second = spec(requirements=asked), spec(requirements=asked)
    assert first.requirement is second.requirement
    assert spec(requirements=asked | {"labels": {}}).requirement != first.requirement
