"""What the graph of a ComfyUI job adds to its requirement."""

from typing import Any

import msgspec
import pytest
from attrs import evolve

from hub.api.bodies import JobBody
from hub.api.graph_reading import reread
from shared.fields import FieldError
from shared.matching import Requirement


def graph(checkpoint: str = "sdxl\\base.safetensors", sampler: str = "FancySampler") -> Any:
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
        "3": {"class_type": sampler, "inputs": {"model": ["4", 0]}},
    }


READ = Requirement(
    service_type="comfyui", models=("sdxl/base.safetensors",), custom_nodes=("FancySampler",)
)


def required(type_: str = "comfyui", **stated: Any) -> Requirement:
    body = {"type": type_, "payload": {"workflow": graph()}, "requirements": stated}
    return msgspec.convert(body, JobBody).spec(50).requirement


def test_models_and_nodes_are_read_from_the_graph() -> None:
    assert required() == READ


@pytest.mark.parametrize("stated", [["other.sft"], []])
def test_stated_models_win(stated: list[str]) -> None:
    assert required(models=stated) == evolve(READ, models=tuple(stated))


def test_stated_models_are_written_as_workers_tell_them() -> None:
    assert required(models=["x\\y.sft"]).models == ("x/y.sft",)
    assert required("rest_sync", models=["x\\y.sft"]).models == ("x\\y.sft",)


def test_all_leaves_the_models_open() -> None:
    assert required(models="all") == evolve(READ, models=())


def test_stated_nodes_win() -> None:
    assert required(custom_nodes=["Other"]) == evolve(READ, custom_nodes=("Other",))
    assert required(custom_nodes=[]) == evolve(READ, custom_nodes=())


@pytest.mark.parametrize("type_", ["simulation", "rest_sync"])
def test_who_only_simulates_or_does_something_else_needs_nothing(type_: str) -> None:
    assert required(type_) == Requirement(service_type=type_)


def test_another_payload_is_read_anew_but_what_was_stated_stays() -> None:
    old, new = {"workflow": graph()}, {"workflow": graph("new.sft", "KSampler")}
    assert reread(READ, "comfyui", old, new) == Requirement(
        service_type="comfyui", models=("new.sft",)
    )
    stated = evolve(READ, models=("mine.sft",), custom_nodes=("Mine",))
    assert reread(stated, "comfyui", old, new) == stated


def test_another_payload_must_be_a_graph_too() -> None:
    with pytest.raises(FieldError, match="payload"):
        reread(READ, "comfyui", {"workflow": graph()}, {"workflow": {}})
