"""A job as a prompt."""

from typing import Any
from uuid import UUID

import pytest

from agent.connectors.base import ConnectorError, Work
from agent.connectors.comfyui.prompt import make_prompt
from shared.states import ErrorClass


def work(graph: Any) -> Work:
    return Work(job_id="j", attempt=2, type="comfyui", payload={"workflow": graph})


def saving(prefix: Any) -> dict[str, Any]:
    return {"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": prefix}}}


def test_ids_are_fresh_and_in_the_form_comfyui_insists_on() -> None:
    first, second = make_prompt(work(saving("a"))), make_prompt(work(saving("a")))
    ids = {first.id, second.id}
    assert len(ids) == 2
    assert all(str(UUID(one)) == one for one in ids)


def test_files_are_saved_in_a_folder_of_the_attempt_under_their_own_name() -> None:
    graph = saving("pets/cat")
    prompt = make_prompt(work(graph))
    assert prompt.graph["9"]["inputs"]["filename_prefix"] == f"{prompt.folder}/pets/cat"
    assert prompt.folder == f"emp/j/2/{prompt.id[:8]}"  # not even the same attempt finds it again
    assert graph == saving("pets/cat")


def test_a_linked_prefix_is_left_to_its_node() -> None:
    graph: dict[str, Any] = saving(["1", 0]) | {
        "1": {"class_type": "PrimitiveString", "inputs": {}}
    }
    assert make_prompt(work(graph)).graph == graph


@pytest.mark.parametrize("prefix", ["/tmp/x", "a/../../x", "..\\x"])  # noqa: S108 - never written
def test_a_prefix_that_leaves_the_folder_is_refused(prefix: str) -> None:
    with pytest.raises(ConnectorError, match=r"node '9': filename_prefix .* leaves") as caught:
        make_prompt(work(saving(prefix)))
    assert caught.value.error_class is ErrorClass.VALIDATION


@pytest.mark.parametrize(
    "graph", [{}, {"nodes": [], "links": []}, {"1": {"class_type": "A", "inputs": {"x": ["7", 0]}}}]
)
def test_a_payload_without_a_sound_graph_is_refused(graph: Any) -> None:
    with pytest.raises(ConnectorError) as caught:
        make_prompt(work(graph))
    assert caught.value.error_class is ErrorClass.VALIDATION


def test_a_row_belongs_to_a_prompt_by_its_id_or_by_its_tag() -> None:
    prompt = make_prompt(work(saving("a")))
    tag = prompt.body()["extra_data"]
    assert tag == {"emp": {"job_id": "j", "attempt": 2}}
    assert prompt.owns([0, prompt.id, {}, {}, []])
    assert prompt.owns([0, "minted", {}, tag, []])
    assert not prompt.owns([0, "other", {}, {"emp": {"job_id": "j", "attempt": 1}}, []])
