"""The connectors by name."""

import pytest

from agent.connectors import KINDS, make_connectors
from agent.settings import AgentSettings


def test_every_kind_can_be_made_from_the_defaults() -> None:
    made = make_connectors(AgentSettings(connectors=tuple(KINDS), max_concurrent_jobs=4))
    assert [each.name for each in made] == list(KINDS)
    assert {each.name: each.slots for each in made} == {
        "a1111": 1,
        "comfyui": 4,
        "rest_async": 10,
        "rest_sync": 5,
        "simulation": 4,
        "websocket": 5,
    }


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="comfy is not a connector; there are a1111, comfyui, rest_async"
    ):
        make_connectors(AgentSettings(connectors=("simulation", "comfy")))


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is not a connector"):
        make_connectors(AgentSettings(connectors=()))
