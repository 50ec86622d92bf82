"""ComfyUI's refusals and failures as errors that say what to do."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from agent.connectors.answers import Answer, is_array, is_object
from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.catalog import choices_of
from shared.graph_needs import is_model_name
from shared.graphs import Graph, node_title
from shared.states import ErrorClass

_CHOICES_SHOWN = 10
_NEAR_SHOWN = 3
_TRACEBACK_LINES = 20
_TEXT_LIMIT = 2000
_REMEDIES = {
    401: "it asks for credentials; set username and password",
    403: "access is refused; check username, password and the proxy before ComfyUI",
    413: "the workflow is larger than its --max-upload-size",
}


Listed = Mapping[tuple[str, str], list[Any]]
"""Choices that ComfyUI did not tell in its answer, by node class and input."""


def unlisted(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield node class and input where ComfyUI left out the choices: there are more than 20."""
    body = answer.json()
    node_errors = body.get("node_errors") if is_object(body) else None
    for found in node_errors.values() if is_object(node_errors) else ():
        for fault in found["errors"]:
            facts = fault.get("extra_info", {})
            if fault["type"] == "value_not_in_list" and not facts.get("input_config"):
                yield found["class_type"], facts["input_name"]


def rejection(answer: Answer, listed: Listed | None = None) -> ConnectorError:
    """Return the error for an answer to POST /prompt that refuses the prompt or part of it."""
    body = answer.json()
    if not is_object(body):
        what = _REMEDIES.get(answer.status, answer.excerpt())
        return ConnectorError(f"ComfyUI answered {answer.status} to the prompt: {what}")
    faults = list(_faults(body.get("node_errors"), listed or {}))
    if not faults:
        return _refusal(body.get("error"))
    missing_models = all(_is_missing_model(fault) for _where, fault in faults)
    return ConnectorError(
        "; ".join(f"{where}: {_sentence(fault)}" for where, fault in faults),
        error_class=ErrorClass.MISSING_MODEL if missing_models else ErrorClass.VALIDATION,
        details={"node_errors": [_brief(where, fault) for where, fault in faults]},
    )


def execution_failure(status: dict[str, Any], graph: Graph) -> ConnectorError:
    """Return the error for a history entry whose status is not success."""
    messages = {kind: data for kind, data in status.get("messages", ()) if is_object(data)}
    if "execution_error" in messages:
        return _node_failure(messages["execution_error"], graph)
    if "execution_interrupted" in messages:
        where = _node_name(messages["execution_interrupted"], graph)
        return ConnectorError(f"{where} was interrupted by somebody else using this ComfyUI")
    return ConnectorError(
        f"ComfyUI ended the prompt as {status.get('status_str')!r} without saying why"
    )


def _refusal(error: object) -> ConnectorError:
    """Return the error for a prompt refused as a whole, before any input was looked at."""
    facts = error if is_object(error) else {"message": str(error)}  # old releases send text
    text = " ".join(filter(None, (facts.get("message"), facts.get("details"))))
    extra = facts.get("extra_info")
    if is_object(extra) and "class_type" in extra:
        text = (
            f"node {extra.get('node_id')} ({extra['class_type']}): this class is not on this "
            "worker; install the custom nodes that bring it"
        )
    is_missing = facts.get("type") == "missing_node_type" or "does not exist" in text
    return ConnectorError(
        text,
        error_class=ErrorClass.MISSING_NODE if is_missing else ErrorClass.VALIDATION,
        details={"type": facts.get("type")},
    )


def _faults(node_errors: object, listed: Listed) -> Iterator[tuple[str, dict[str, Any]]]:
    for node_id, found in node_errors.items() if is_object(node_errors) else ():
        for fault in found["errors"]:
            facts = fault.get("extra_info", {})
            choices = listed.get((found["class_type"], facts.get("input_name", "")))
            known = {"extra_info": facts | {"input_config": [choices]}} if choices else {}
            yield f"node {node_id} ({found['class_type']})", fault | known


def _is_missing_model(fault: dict[str, Any]) -> bool:
    received = fault.get("extra_info", {}).get("received_value")
    return fault["type"] == "value_not_in_list" and is_model_name(received)


def _sentence(fault: dict[str, Any]) -> str:
    facts = fault.get("extra_info", {})
    if fault["type"] != "value_not_in_list":
        return ": ".join(filter(None, (fault["message"], fault.get("details"))))
    sentence = f"{facts.get('input_name')} {facts.get('received_value')!r} is not on this worker"
    choices = [str(each) for each in choices_of(facts.get("input_config"))]
    if not choices:
        return sentence
    return f"{sentence}; it has {_shortened(str(facts.get('received_value')), choices)}"


def _shortened(wanted: str, choices: list[str]) -> str:
    """Return all of a short list; of a long one those first that may be meant."""
    if len(choices) <= _CHOICES_SHOWN:
        return ", ".join(choices)
    near = get_close_matches(wanted, choices, n=_NEAR_SHOWN)
    shown = near or choices[:_CHOICES_SHOWN]
    return f"{', '.join(shown)} and {len(choices) - len(shown)} others"


def _brief(where: str, fault: dict[str, Any]) -> dict[str, Any]:
    return {"node": where, **{key: fault.get(key) for key in ("type", "message", "details")}}


def _node_name(data: dict[str, Any], graph: Graph) -> str:
    node_id = data.get("node_id")
    title = node_title(graph, node_id) if node_id in graph else data.get("node_type")
    return f"node {node_id} ({title})"


def _node_failure(data: dict[str, Any], graph: Graph) -> ConnectorError:
    # `current_inputs` stays here: it holds tensors, prompt texts and paths of this machine.
    message = str(data.get("exception_message", "")).strip()[:_TEXT_LIMIT]
    exception_type = str(data.get("exception_type", ""))
    lines = data.get("traceback")
    return ConnectorError(
        f"{_node_name(data, graph)}: {exception_type}: {message}",
        error_class=_error_class(exception_type, message),
        details={
            "node": data.get("node_id"),
            "class_type": data.get("node_type"),
            "exception_type": exception_type,
            "traceback": lines[-_TRACEBACK_LINES:] if is_array(lines) else [],
        },
    )


def _error_class(exception_type: str, message: str) -> ErrorClass:
    if "OutOfMemoryError" in exception_type or "out of memory" in message.lower():
        return ErrorClass.OUT_OF_MEMORY
    if "CUDA" in message or "cuda" in exception_type.lower():
        return ErrorClass.CUDA
    return ErrorClass.INTERNAL
