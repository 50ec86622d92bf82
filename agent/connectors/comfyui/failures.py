"""ComfyUI's refusals and failures as errors that say what to do."""

from collections.abc import Iterator
from typing import Any

from agent.connectors.answers import Answer, is_array, is_object
from agent.connectors.base import ConnectorError
from shared.graph_needs import is_model_name
from shared.graphs import Graph, node_title
from shared.states import ErrorClass

_CHOICES_SHOWN = 10
_TRACEBACK_LINES = 20
_TEXT_LIMIT = 2000
_REMEDIES = {
    401: "it asks for credentials; set username and password",
    403: "access is refused; check username, password and the proxy before ComfyUI",
    413: "the workflow is larger than its --max-upload-size",
}


def rejection(answer: Answer) -> ConnectorError:
    """Return the error for an answer to POST /prompt that refuses the prompt or part of it."""
    body = answer.json()
    if not is_object(body):
        what = _REMEDIES.get(answer.status, answer.excerpt())
        return ConnectorError(f"ComfyUI answered {answer.status} to the prompt: {what}")
    faults = list(_faults(body.get("node_errors")))
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


def _faults(node_errors: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for node_id, found in node_errors.items() if is_object(node_errors) else ():
        for fault in found["errors"]:
            yield f"node {node_id} ({found['class_type']})", fault


def _is_missing_model(fault: dict[str, Any]) -> bool:
    received = fault.get("extra_info", {}).get("received_value")
    return fault["type"] == "value_not_in_list" and is_model_name(received)


def _sentence(fault: dict[str, Any]) -> str:
    facts = fault.get("extra_info", {})
    if fault["type"] != "value_not_in_list":
        return ": ".join(filter(None, (fault["message"], fault.get("details"))))
    sentence = f"{facts.get('input_name')} {facts.get('received_value')!r} is not on this worker"
    choices = choices_of(facts.get("input_config"))
    if not choices:  # ComfyUI leaves out lists longer than 20
        return sentence
    more = ", …" if len(choices) > _CHOICES_SHOWN else ""
    return f"{sentence}; it has {', '.join(map(str, choices[:_CHOICES_SHOWN]))}{more}"


def choices_of(config: object) -> list[Any]:
    """Return what an input may be: `[choices, …]`, or `["COMBO", {"options": choices}]`."""
    if not is_array(config) or not config:
        return []
    if config[0] == "COMBO" and len(config) > 1:
        config = [config[1].get("options")]
    return config[0] if is_array(config[0]) else []


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
