"""Reading ComfyUI workflows in the API format."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.graphs import (
    GraphError,
    PictureFacts,
    execution_order,
    find_graph,
    has_graph,
    node_title,
    picture_facts,
    sampler_steps,
)

EXAMPLE = Path(__file__).parents[3] / "examples" / "txt2img.json"
UI_FORMAT: dict[str, Any] = {"nodes": [{"id": 3, "type": "KSampler"}], "links": [], "version": 0.4}


def node(class_type: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


@pytest.fixture
def example() -> dict[str, Any]:
    return json.loads(EXAMPLE.read_text())


def test_the_graph_lies_under_workflow_or_prompt_or_is_the_payload(example: dict[str, Any]) -> None:
    assert find_graph({"workflow": example, "prompt": "not looked at"}) == example
    assert find_graph({"prompt": example, "client_id": "x"}) == example
    assert find_graph(example) == example


@pytest.mark.parametrize(
    "payload", [UI_FORMAT, {"workflow": UI_FORMAT}, {"prompt": UI_FORMAT}], ids=["bare", "w", "p"]
)
def test_the_ui_format_is_refused_with_the_way_to_export_the_right_one(
    payload: dict[str, Any],
) -> None:
    with pytest.raises(GraphError, match=r"UI format.*Export \(API\).*Save \(API Format\)"):
        find_graph(payload)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"workflow": "txt2img"}, "workflow: expected an object of nodes, got str"),
        ({"prompt": []}, "prompt: expected an object of nodes, got list"),
        ({}, "payload: expected a graph of at least one node"),
        ({"workflow": {}}, "workflow: expected a graph of at least one node"),
        ({"payload": 1}, "payload: node 'payload': expected an object with class_type"),
        ({"prompt": {"3": None}}, "prompt: node '3': expected an object .* got NoneType"),
        ({"prompt": {"3": {"inputs": {}}}}, "node '3': class_type must be the name"),
        ({"prompt": {"3": {"class_type": 3, "inputs": {}}}}, "node '3': class_type must be"),
        ({"prompt": {"3": {"class_type": "KSampler"}}}, "node '3': inputs must be an object"),
        ({"prompt": {"3": {"class_type": "A", "inputs": []}}}, "node '3': inputs must be an"),
    ],
    ids=str,
)
def test_what_is_no_graph_is_refused_by_name(payload: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        find_graph(payload)


@pytest.mark.parametrize(
    ("payload", "brings_one"),
    [
        ({}, False),
        ({"text": "a cat", "steps": 3}, False),
        ({"prompt": "a cat"}, False),
        ({"size": {"width": 3}}, False),
        ({"prompt": {}}, True),
        ({"workflow": None}, True),
        (UI_FORMAT, True),
        ({"3": node("KSampler")}, True),
        ({"3": {"class_type": 4}}, True),
    ],
    ids=str,
)
def test_a_payload_that_means_to_bring_a_graph_is_known(
    payload: dict[str, Any], *, brings_one: bool
) -> None:
    assert has_graph(payload) is brings_one


def test_a_node_is_called_by_its_title_or_else_by_its_class() -> None:
    graph = {
        "1": node("KSampler") | {"_meta": {"title": "Refiner"}},
        "2": node("KSampler") | {"_meta": {"title": ""}},
        "3": node("KSampler") | {"_meta": None},
        "4": node("KSampler"),
    }
    titles = [node_title(graph, node_id) for node_id in graph]
    assert titles == ["Refiner", "KSampler", "KSampler", "KSampler"]


def test_the_example_runs_from_the_checkpoint_to_the_file(example: dict[str, Any]) -> None:
    order = execution_order(find_graph(example))
    assert (order[0], order[-3:]) == ("4", ["3", "8", "9"])
    assert all(node_title(example, node_id) for node_id in order)


@given(st.lists(st.sets(st.integers(0, 30)), min_size=1, max_size=30), st.randoms())
def test_every_node_runs_once_and_after_all_it_takes_input_from(
    sources: list[set[int]], shuffle: Any
) -> None:
    ids = list(range(len(sources)))
    shuffle.shuffle(ids)
    graph = {
        str(node_id): node(
            "Any", **{f"in{i}": [str(i), 0] for i in sources[node_id] if i < node_id}
        )
        for node_id in ids
    }
    order = execution_order(graph)
    assert sorted(order, key=int) == [str(node_id) for node_id in sorted(ids)]
    for node_id, links in enumerate(sources):
        for source in links & set(range(node_id)):
            assert order.index(str(source)) < order.index(str(node_id))


def test_a_cycle_is_named() -> None:
    graph = {"1": node("A", x=["2", 0]), "2": node("B", y=["1", 0]), "3": node("C")}
    with pytest.raises(GraphError, match=r"cycle: (1 → 2 → 1|2 → 1 → 2)"):
        execution_order(graph)


def test_a_link_to_nowhere_is_named() -> None:
    with pytest.raises(GraphError, match="node '1': input 'model' is linked to node '9'"):
        execution_order({"1": node("KSampler", model=["9", 0])})


def test_a_chain_of_ten_thousand_nodes_can_be_read() -> None:
    graph = {str(i): node("Pass", value=[str(i - 1), 0]) for i in range(1, 10_000)}
    graph["0"] = node("PrimitiveInt", value=7)
    graph["end"] = node("KSampler", seed=["9999", 0], positive=["9999", 0])
    assert picture_facts(graph).seed == 7


def test_the_facts_of_the_example_are_read(example: dict[str, Any]) -> None:
    assert picture_facts(example) == PictureFacts(
        width=512,
        height=512,
        seed=156680208700286,
        steps=20,
        batch_size=1,
        prompt_text=example["6"]["inputs"]["text"],
    )


@given(st.integers(0, 2**64 - 1))
def test_every_seed_survives_exactly(seed: int) -> None:
    graph = json.loads(json.dumps({"3": node("KSampler", seed=seed)}))
    assert picture_facts(graph).seed == seed


def test_what_no_node_says_has_a_default() -> None:
    facts = picture_facts({"1": node("LoadImage"), "2": node("EmptyAudio")}, default_steps=4)
    assert facts == PictureFacts(
        width=512, height=512, seed=0, steps=4, batch_size=1, prompt_text=""
    )


def test_the_advanced_sampler_and_other_latents_are_read() -> None:
    graph = {
        "1": node("EmptySD3LatentImage", width="1024", height=768.0, batch_size=3),
        "2": node("KSamplerAdvanced", noise_seed=2**64 - 1, latent_image=["1", 0], steps=None),
    }
    assert picture_facts(graph) == PictureFacts(
        width=1024, height=768, seed=2**64 - 1, steps=20, batch_size=3, prompt_text=""
    )


def test_the_first_sampler_to_run_counts_and_each_has_its_own_steps() -> None:
    graph = {
        "refine": node("KSampler", seed=2, steps=5, latent_image=["base", 0]),
        "base": node("KSampler", seed=1, steps=30),
        "third": node("KSampler", seed=3, latent_image=["refine", 0]),
    }
    facts = picture_facts(graph)
    assert (facts.seed, facts.steps) == (1, 30)
    assert sampler_steps(graph, default_steps=9) == {"base": 30, "refine": 5, "third": 9}


def test_values_are_read_through_links_to_primitive_nodes() -> None:
    graph = {
        "seed": node("PrimitiveInt", value=41),
        "text": node("PrimitiveString", value="a cat"),
        "size": node("GetImageSize", image=["3", 0]),
        "3": node("LoadImage", image="in.png"),
        "latent": node("EmptyLatentImage", width=["size", 0], height=640),
        "6": node("CLIPTextEncode", text=["text", 0]),
        "k": node("KSampler", seed=["seed", 0], positive=["6", 0], latent_image=["latent", 0]),
    }
    facts = picture_facts(graph)
    assert (facts.seed, facts.prompt_text) == (41, "a cat")
    assert (facts.width, facts.height) == (512, 640)  # a computed width cannot be known


def test_the_positive_text_is_found_behind_other_conditioning() -> None:
    graph = {
        "yes": node("CLIPTextEncode", text="a cat"),
        "no": node("CLIPTextEncode", text="a dog"),
        "mix": node("ControlNetApplyAdvanced", positive=["area", 0], negative=["no", 0]),
        "area": node("ConditioningCombine", one=["yes", 0], two=["yes", 0]),
        "k": node("KSampler", positive=["mix", 0], negative=["mix", 1]),
    }
    assert picture_facts(graph).prompt_text == "a cat"


def test_conditioning_without_text_leaves_the_prompt_empty() -> None:
    zero = node("ConditioningZeroOut", one=["z", 0], two=["z", 0])
    graph = {"k": node("KSampler", positive=["c", 0]), "c": zero, "z": node("Zeros")}
    assert picture_facts(graph).prompt_text == ""


@pytest.mark.parametrize("value", ["wide", [], {}, float("inf")], ids=str)
def test_an_input_that_is_no_whole_number_is_named(value: object) -> None:
    graph = {"5": node("EmptyLatentImage", width=value, height=64)}
    with pytest.raises(GraphError, match="node '5': input 'width' must be a whole number"):
        picture_facts(graph)


def test_reading_leaves_the_graph_as_it_was(example: dict[str, Any]) -> None:
    before = deepcopy(example)
    picture_facts(find_graph({"workflow": example}))
    assert example == before
