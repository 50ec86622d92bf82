"""What a ComfyUI has."""

from typing import Any

import pytest

from agent.connectors.comfyui.catalog import model_names


def test_models_are_the_choices_that_name_weights() -> None:
    object_info: dict[str, Any] = {
        "Loader": {"input": {"required": {"ckpt_name": [["b.ckpt", "sub/a.safetensors"], {}]}}},
        "Lora": {"input": {"optional": {"lora": ["COMBO", {"options": ["l.sft", "b.ckpt"]}]}}},
        "KSampler": {"input": {"required": {"sampler_name": [["euler"], {}], "steps": ["INT"]}}},
        "Odd": {"input": {"hidden": None}},
        "Plain": {},
    }
    assert model_names(object_info) == ("b.ckpt", "l.sft", "sub/a.safetensors")


@pytest.mark.parametrize(
    "node", ["a text", None, {"input": ["a"]}, {"input": {"required": {"ckpt_name": ["COMBO", 1]}}}]
)
def test_what_is_no_node_class_has_no_models(node: object) -> None:
    assert model_names({"Odd": node}) == ()
