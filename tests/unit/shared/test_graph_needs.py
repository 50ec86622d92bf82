"""What a graph says that a worker must have."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.core_nodes import CORE_NODES
from shared.graph_needs import GraphNeeds, graph_needs, is_model_name, plain_name

EXAMPLE = Path(__file__).parents[3] / "examples" / "txt2img.json"


def node(class_type: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def loading(**inputs: object) -> GraphNeeds:
    """What a loader with these inputs needs, in a graph that uses it."""
    return graph_needs({"1": node("LoraLoader", **inputs), "2": node("KSampler", model=["1", 0])})


def test_a_usual_graph_needs_its_checkpoint_and_no_node_that_any_comfyui_lacks() -> None:
    graph = json.loads(EXAMPLE.read_text())
    (checkpoint,) = graph_needs(graph).models
    assert checkpoint == graph["4"]["inputs"]["ckpt_name"]
    assert graph_needs(graph).custom_nodes == ()


def test_node_classes_that_not_every_comfyui_has_are_needed_once_and_in_order() -> None:
    graph = {str(place): node(name) for place, name in enumerate(("Zed", "KSampler", "Abc", "Zed"))}
    assert graph_needs(graph).custom_nodes == ("Abc", "Zed")


@pytest.mark.parametrize("name", ["ckpt_name", "lora_name", "vae_name", "unet_name", "clip_name2"])
def test_the_inputs_of_loaders_name_models(name: str) -> None:
    assert loading(**{name: "a.safetensors"}).models == ("a.safetensors",)


def test_models_come_sorted_once_each_and_with_one_separator() -> None:
    graph = {
        "1": node("LoraLoader", lora_name="style\\ink.safetensors", ckpt_name="b.ckpt"),
        "2": node("LoraLoader", lora_name="style/ink.safetensors", model=["1", 0]),
        "3": node("KSampler", model=["2", 0]),
    }
    assert graph_needs(graph).models == ("b.ckpt", "style/ink.safetensors")


def test_rows_of_a_loader_of_many_loras_count_while_they_are_on() -> None:
    needs = loading(
        lora_1={"on": True, "lora": "a.safetensors", "strength": 1},
        lora_2={"on": False, "lora": "b.safetensors", "strength": 1},
        lora_3={"on": True, "lora": "None"},
    )
    assert needs.models == ("a.safetensors",)


@pytest.mark.parametrize(
    "inputs",
    [
        {"vae_name": "taesd"},  # a choice that is no file
        {"ckpt_name": ["7", 0]},  # computed
        {"filename_prefix": "out.safetensors"},  # written, not read
        {"text": "a.safetensors"},
    ],
)
def test_what_names_no_file_of_weights_needs_none(inputs: dict[str, Any]) -> None:
    assert loading(**inputs).models == ()


def test_a_loader_that_nobody_uses_needs_nothing_for_it_never_runs() -> None:
    assert graph_needs({"1": node("VAELoader", vae_name="a.pt")}).models == ()


def test_a_link_to_nowhere_is_left_to_whoever_checks_links() -> None:
    assert graph_needs({"1": node("KSampler", model=["9", 0])}) == GraphNeeds((), ())


def test_what_names_weights_is_known_by_its_ending() -> None:
    assert is_model_name("A.SafeTensors")
    assert is_model_name("sdxl\\v1.5/base.v2.ckpt")
    assert not is_model_name("euler")
    assert not is_model_name(".ckpt")
    assert not is_model_name("a.ckpt/readme")
    assert not is_model_name(7)
    assert plain_name("a\\b/c.sft") == "a/b/c.sft"


def test_the_core_has_the_usual_nodes_and_no_space_in_any_name() -> None:
    usual = {"CheckpointLoaderSimple", "CLIPTextEncode", "KSampler", "LoraLoader", "SaveImage"}
    assert usual <= CORE_NODES
    assert "NoSuchNode" not in CORE_NODES
