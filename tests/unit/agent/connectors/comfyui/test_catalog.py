"""What a ComfyUI has."""

from typing import Any

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
