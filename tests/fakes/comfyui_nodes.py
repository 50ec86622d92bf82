"""The node classes of the stand-in ComfyUI, and its check of a graph, as strict as the real one."""

from collections.abc import Iterator
from typing import Any

from tests.fakes.comfyui_outputs import OUTPUTS

MODELS = ["a.safetensors", "b.safetensors"]
LORAS = [f"style-{number:02}.safetensors" for number in range(21)]  # too many to be listed
_SIZE = ["INT", {"default": 512, "min": 16, "max": 16384}]

Outcome = tuple[dict[str, Any] | None, list[str], dict[str, Any]]


def _node(
    required: dict[str, Any], output: list[str], *, is_output: bool = False
) -> dict[str, Any]:
    return {"input": {"required": required}, "output": output, "output_node": is_output}


OBJECT_INFO: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": _node({"ckpt_name": [MODELS, {}]}, ["MODEL", "CLIP", "VAE"]),
    "LoraLoaderModelOnly": _node(
        {"model": ["MODEL", {}], "lora_name": ["COMBO", {"options": LORAS}]}, ["MODEL"]
    ),
    "EmptyLatentImage": _node({"width": _SIZE, "height": _SIZE}, ["LATENT"]),
    "CLIPTextEncode": _node({"text": ["STRING", {}], "clip": ["CLIP", {}]}, ["CONDITIONING"]),
    "KSampler": _node(
        {
            "model": ["MODEL", {}],
            "positive": ["CONDITIONING", {}],
            "negative": ["CONDITIONING", {}],
            "latent_image": ["LATENT", {}],
            "steps": ["INT", {"min": 1, "max": 10000}],
            "sampler_name": [["euler", "heun"], {}],
        },
        ["LATENT"],
    ),
    "VAEDecode": _node({"samples": ["LATENT", {}], "vae": ["VAE", {}]}, ["IMAGE"]),
    "SaveImage": _node(
        {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {}]}, [], is_output=True
    ),
    "PreviewImage": _node({"images": ["IMAGE", {}]}, [], is_output=True),
    "SaveImageWebsocket": _node({"images": ["IMAGE", {}]}, [], is_output=True),
    "EmptyImage": _node({"width": _SIZE, "height": _SIZE}, ["IMAGE"]),
    "EmptyAudio": _node({"duration": ["FLOAT", {}]}, ["AUDIO"]),
    "ImageBlur": _node(
        {"image": ["IMAGE", {}], "blur_radius": ["INT", {"min": 1, "max": 31}]}, ["IMAGE"]
    ),
    "CreateVideo": _node({"images": ["IMAGE", {}], "fps": ["FLOAT", {}]}, ["VIDEO"]),
    "PrimitiveString": _node({"value": ["STRING", {}]}, ["STRING"]),
    "LoadImage": _node({"image": ["STRING", {}]}, ["IMAGE"]),
    "LoadVideo": _node({"file": ["STRING", {}]}, ["VIDEO"]),
    **{name: _node({"filename_prefix": ["STRING", {}]}, [], is_output=True) for name in OUTPUTS},
    "PreviewAny": _node({"source": ["*", {}]}, ["STRING"], is_output=True),
}


def check(graph: dict[str, Any]) -> Outcome:
    """Return the error that refuses the graph, the outputs that may run, and the node errors."""
    for node_id, node in graph.items():
        if node.get("class_type") not in OBJECT_INFO:
            return _missing_class(node_id, node), [], {}
    outputs = [i for i, n in graph.items() if OBJECT_INFO[n["class_type"]]["output_node"]]
    if not outputs:
        return _error("prompt_no_outputs", "Prompt has no outputs"), [], {}
    faults: dict[str, Any] = {}
    good = [output for output in outputs if not _collect_faults(graph, output, faults)]
    if good:
        return None, good, faults
    message = "Prompt outputs failed validation"
    return _error("prompt_outputs_failed_validation", message), [], faults


def order(graph: dict[str, Any], outputs: list[str]) -> list[str]:
    """Return the nodes that the outputs need, in an order to run them in."""
    return list(dict.fromkeys(node_id for output in outputs for node_id in upstream(graph, output)))


def upstream(graph: dict[str, Any], node_id: str) -> Iterator[str]:
    """Walk through everything a node needs, then the node itself."""
    for value in graph[node_id]["inputs"].values():
        if isinstance(value, list):
            yield from upstream(graph, str(value[0]))  # pyright: ignore[reportUnknownArgumentType] - a JSON value
    yield node_id


def _error(kind: str, message: str, details: str = "", **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _missing_class(node_id: str, node: dict[str, Any]) -> dict[str, Any]:
    title = node.get("_meta", {}).get("title", node["class_type"])
    return _error(
        "missing_node_type",
        f"Node '{title}' not found. The custom node may not be installed.",
        f"Node ID '#{node_id}'",
        node_id=node_id,
        class_type=node["class_type"],
        node_title=title,
    )


def _collect_faults(graph: dict[str, Any], output: str, faults: dict[str, Any]) -> bool:
    is_faulty = False
    for node_id in order(graph, [output]):
        if found := list(_node_faults(graph, node_id)):
            entry = {
                "errors": found,
                "dependent_outputs": [],
                "class_type": graph[node_id]["class_type"],
            }
            faults.setdefault(node_id, entry)["dependent_outputs"].append(output)
            is_faulty = True
    return is_faulty


def _node_faults(graph: dict[str, Any], node_id: str) -> Iterator[dict[str, Any]]:
    inputs = graph[node_id]["inputs"]
    for name, config in OBJECT_INFO[graph[node_id]["class_type"]]["input"]["required"].items():
        if name not in inputs:
            yield _error(
                "required_input_missing", "Required input is missing", name, input_name=name
            )
        elif isinstance(inputs[name], list):
            yield from _link_faults(graph, name, inputs[name], config)
        else:
            yield from _value_faults(name, inputs[name], config)


def _link_faults(
    graph: dict[str, Any], name: str, link: list[Any], config: list[Any]
) -> Iterator[dict[str, Any]]:
    source, slot = link
    received = OBJECT_INFO[graph[source]["class_type"]]["output"][slot]
    if config[0] not in {received, "*"}:
        details = f"{name}, received_type({received}) mismatch input_type({config[0]})"
        message = "Return type mismatch between linked nodes"
        yield _error("return_type_mismatch", message, details, input_name=name)


def _value_faults(name: str, value: Any, config: list[Any]) -> Iterator[dict[str, Any]]:
    facts: dict[str, Any] = {"input_name": name, "input_config": config, "received_value": value}
    is_listed = isinstance(config[0], list)
    choices: list[Any] = config[0] if is_listed else config[1].get("options", [value])
    if value not in choices:
        if len(choices) > 20:
            facts["input_config"] = None
        details = f"{name}: {value!r} not in {choices}"
        yield _error("value_not_in_list", "Value not in list", details, **facts)
    if config[0] == "INT" and int(value) < config[1]["min"]:
        message = f"Value {value} smaller than min of {config[1]['min']}"
        yield _error("value_smaller_than_min", message, name, **facts)
    if config[0] == "INT" and int(value) > config[1]["max"]:
        message = f"Value {value} bigger than max of {config[1]['max']}"
        yield _error("value_bigger_than_max", message, name, **facts)
