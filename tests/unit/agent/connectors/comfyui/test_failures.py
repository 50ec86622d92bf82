"""Refusals and failures as errors."""

import json
from typing import Any

import pytest

from agent.connectors.answers import Answer
from agent.connectors.comfyui.catalog import choices_of
from agent.connectors.comfyui.failures import execution_failure, rejection, unlisted
from shared.states import ErrorClass

GRAPH: dict[str, Any] = {"3": {"class_type": "KSampler", "inputs": {}}}


def refused(body: Any, status: int = 400) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def faulty(*faults: dict[str, Any]) -> Answer:
    return refused({"error": {}, "node_errors": {"4": {"errors": faults, "class_type": "Loader"}}})


def not_in_list(name: str, value: str, config: Any) -> dict[str, Any]:
    facts = {"input_name": name, "received_value": value, "input_config": config}
    return {"type": "value_not_in_list", "message": "Value not in list", "extra_info": facts}


def test_a_missing_model_may_be_on_another_worker() -> None:
    error = rejection(faulty(not_in_list("ckpt_name", "x.ckpt", [["a.ckpt", "b.ckpt"], {}])))
    assert error.error_class is ErrorClass.MISSING_MODEL
    assert error.message == (
        "node 4 (Loader): ckpt_name 'x.ckpt' is not on this worker; it has a.ckpt, b.ckpt"
    )


def test_a_missing_model_beside_another_fault_helps_no_worker() -> None:
    size = {"type": "value_smaller_than_min", "message": "Too small", "details": "width"}
    error = rejection(faulty(not_in_list("ckpt_name", "x.ckpt", None), size))
    assert error.error_class is ErrorClass.VALIDATION
    assert error.message == (
        "node 4 (Loader): ckpt_name 'x.ckpt' is not on this worker; "
        "node 4 (Loader): Too small: width"
    )


def test_a_wrong_choice_is_no_missing_model() -> None:
    error = rejection(faulty(not_in_list("sampler_name", "eular", [["euler"], {}])))
    assert error.error_class is ErrorClass.VALIDATION


def test_a_long_list_of_choices_is_cut() -> None:
    names = [f"{number}.ckpt" for number in range(12)]
    error = rejection(faulty(not_in_list("ckpt_name", "qq", [names, {}])))
    assert error.message.endswith("8.ckpt, 9.ckpt and 2 others")
    error = rejection(faulty(not_in_list("ckpt_name", "111.ckpt", [names, {}])))
    assert error.message.endswith("it has 11.ckpt, 1.ckpt, 10.ckpt and 9 others")


def test_choices_that_comfyui_left_out_are_asked_for_and_told() -> None:
    answer = faulty(not_in_list("ckpt_name", "x.ckpt", None), {"type": "other", "message": "m"})
    assert list(unlisted(answer)) == [("Loader", "ckpt_name")]
    error = rejection(answer, {("Loader", "ckpt_name"): ["a.ckpt"]})
    assert "it has a.ckpt; " in error.message
    assert list(unlisted(refused({}))) == []
    assert list(unlisted(Answer(413, "text/plain", b"no"))) == []


CONFIGS: list[tuple[Any, list[str]]] = [
    ([["a"], {}], ["a"]),
    (["COMBO", {"options": ["a"]}], ["a"]),
    (["COMBO", {}], []),
    (["COMBO"], []),
    (["INT", {}], []),
    ([], []),
    (None, []),
]


@pytest.mark.parametrize(("config", "choices"), CONFIGS)
def test_choices_are_found_in_both_schemas(config: Any, choices: list[str]) -> None:
    assert choices_of(config) == choices


def test_a_missing_class_of_today_is_named_by_node() -> None:
    extra = {"node_id": "2", "class_type": "NoSuch", "node_title": "Nice"}
    error = rejection(refused({"error": {"type": "missing_node_type", "extra_info": extra}}))
    assert error.error_class is ErrorClass.MISSING_NODE
    assert error.message.startswith("node 2 (NoSuch): this class is not on this worker")


def test_a_missing_class_of_old_releases_is_known_by_its_words() -> None:
    text = "Cannot execute because node NoSuch does not exist."
    body: dict[str, Any] = {"error": {"type": "invalid_prompt", "message": text, "extra_info": {}}}
    error = rejection(refused(body | {"node_errors": []}))
    assert (error.error_class, error.message) == (ErrorClass.MISSING_NODE, text)


def test_a_graph_without_outputs_is_refused_in_comfyuis_words() -> None:
    body = {"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}}
    error = rejection(refused(body))
    assert (error.error_class, error.message) == (ErrorClass.VALIDATION, "Prompt has no outputs")


def test_a_refusal_as_text_is_passed_on() -> None:
    assert rejection(refused({"error": "no prompt"})).message == "no prompt"


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (401, b"", "set username and password"),
        (413, b"Too large", "--max-upload-size"),
        (418, b"<html>teapot", "<html>teapot"),
    ],
)
def test_an_answer_that_is_no_json_is_explained(status: int, content: bytes, words: str) -> None:
    error = rejection(Answer(status, "text/html", content))
    assert words in error.message
    assert str(status) in error.message


def failed(kind: str, **data: Any) -> dict[str, Any]:
    return {"status_str": "error", "messages": [["execution_start", {}], [kind, data]]}


def test_a_node_unknown_to_the_graph_is_named_by_its_class() -> None:
    status = failed("execution_error", node_id="3.0.1", node_type="Inner", exception_type="E")
    assert execution_failure(status, GRAPH).message == "node 3.0.1 (Inner): E: "


def test_memory_that_runs_out_is_known_by_words_too() -> None:
    text = "CUDA error: out of memory"
    status = failed("execution_error", node_id="3", exception_message=text)
    assert execution_failure(status, GRAPH).error_class is ErrorClass.OUT_OF_MEMORY


def test_the_last_lines_of_a_traceback_are_kept_and_inputs_are_not() -> None:
    lines = [f"line {number}" for number in range(30)]
    status = failed("execution_error", node_id="3", traceback=lines, current_inputs={"text": "s"})
    details = execution_failure(status, GRAPH).details
    assert details["traceback"] == lines[-20:]
    assert "current_inputs" not in details


def test_an_interrupt_says_whose_it_was() -> None:
    error = execution_failure(failed("execution_interrupted", node_id="3"), GRAPH)
    assert error.message == "node 3 (KSampler) was interrupted by somebody else using this ComfyUI"


def test_an_end_without_a_reason_is_said_to_have_none() -> None:
    assert "without saying why" in execution_failure({"status_str": "error"}, GRAPH).message
