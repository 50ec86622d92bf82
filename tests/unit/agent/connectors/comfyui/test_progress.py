"""Progress over a whole graph."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.connectors.base import Preview
from agent.connectors.comfyui.events import Event, Picture
from agent.connectors.comfyui.progress import GraphProgress

GRAPH: dict[str, Any] = {
    "1": {"class_type": "Loader", "inputs": {}},
    "2": {"class_type": "KSampler", "inputs": {"steps": 8}, "_meta": {"title": "Sampling"}},
    "3": {"class_type": "SaveImage", "inputs": {"steps": ["1", 0]}},
}


def event(kind: str, **data: Any) -> Event:
    return Event(kind, data | {"prompt_id": "p"})


def test_a_sampler_weighs_as_much_as_its_steps() -> None:
    progress = GraphProgress(GRAPH)
    progress.follow(event("executing", node="1"))
    progress.follow(event("executing", node="2"))
    now = progress.follow(event("progress", node="2", value=4, max=8))
    assert now is not None
    assert now.percent == 50.0
    assert (now.node, now.node_title, now.step, now.steps) == ("2", "Sampling", 4, 8)
    assert now.message == "Sampling 4/8"


def test_cached_nodes_are_done_from_the_start() -> None:
    progress = GraphProgress(GRAPH)
    assert progress.follow(event("execution_cached", nodes=["1", "2"])) is None
    now = progress.follow(event("executing", node="3"))
    assert now is not None
    assert now.percent == 90.0


def test_states_and_outputs_tell_of_finished_nodes_too() -> None:
    progress = GraphProgress(GRAPH)
    states = {"1": {"state": "finished"}, "2": {"state": "running", "value": 1, "max": 8}}
    progress.follow(event("progress_state", nodes=states))
    progress.follow(event("executed", node="3", output={}))
    now = progress.follow(event("executing", node="2"))
    assert now is not None
    assert now.percent == 20.0


def test_a_node_made_by_another_is_shown_as_its_maker() -> None:
    progress = GraphProgress(GRAPH)
    progress.follow(event("executing", node="2", display_node="2"))
    now = progress.follow(event("executing", node="2.0.0.1", display_node="2"))
    assert now is not None
    assert (now.node, now.percent) == ("2", 0.0)
    assert progress.owner("2.0.0.1") == "2"


def test_a_maker_known_from_the_states_is_known_to_steps() -> None:
    progress = GraphProgress(GRAPH)
    states = {"2.0.0.1": {"state": "running", "display_node_id": "2"}}
    progress.follow(event("progress_state", nodes=states))
    now = progress.follow(event("progress", node="2.0.0.1", value=1, max=2))
    assert now is not None
    assert (now.node, now.percent) == ("2", 0.0)


def test_a_picture_comes_with_where_the_graph_is() -> None:
    progress = GraphProgress(GRAPH)
    progress.follow(event("progress", node="2", value=4, max=8))
    now = progress.picture(Picture("image/png", b"p"))
    assert now.preview == Preview(mime_type="image/png", content=b"p")
    assert (now.percent, now.node, now.step) == (40.0, "2", 4)


def test_events_that_move_nothing_are_no_news() -> None:
    progress = GraphProgress(GRAPH)
    assert progress.follow(event("execution_start")) is None
    assert progress.follow(event("progress_state", nodes=None)) is None


def test_steps_of_an_unknown_number_move_nothing() -> None:
    now = GraphProgress(GRAPH).follow(event("progress", node="2", value=1, max=0))
    assert now is not None
    assert (now.percent, now.message) == (0.0, "Sampling")


def entering(node: str | None) -> Event:
    return event("executing", node=node)


def stepping(node: str, value: int, top: int) -> Event:
    return event("progress", node=node, value=value, max=top)


def done(node: str) -> Event:
    return event("executed", node=node)


NODES = st.sampled_from(["1", "2", "3", "2.0.0.1"])
COUNTS = st.integers(0, 9)
EVENTS = (
    st.builds(entering, NODES | st.none())
    | st.builds(stepping, NODES, COUNTS, COUNTS)
    | st.builds(done, NODES)
)


@given(st.lists(EVENTS))
def test_the_percentage_never_falls_and_stays_in_its_range(events: list[Event]) -> None:
    progress = GraphProgress(GRAPH)
    reports = [report for e in events if (report := progress.follow(e)) is not None]
    percents = [0.0, *(report.percent for report in reports), 100.0]
    assert percents == sorted(percents)
