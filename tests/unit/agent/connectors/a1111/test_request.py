"""Payloads as calls."""

from typing import Any

import pytest

from agent.connector_settings import A1111Settings
from agent.connectors.a1111.request import make_request
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "names no task"),
    ({"task": "paint"}, "task must be one of txt2img, img2img, extras, png-info, got 'paint'"),
    ({"prompt": "x", "steps": 0}, "steps must be a whole number from 1 to 1000, got 0"),
    ({"prompt": "x", "steps": "3"}, "steps must be a whole number"),
    ({"prompt": "x", "width": 65}, "width must be a multiple of 8, got 65; use 64"),
    ({"prompt": "x", "n_iter": True}, "n_iter must be a whole number"),
    ({"prompt": "x", "seed": -2}, "seed must be a whole number from -1"),
    ({"prompt": "x", "override_settings": []}, "override_settings must be an object"),
    (
        {"prompt": "x", "override_settings_restore_afterwards": False},
        "a job cannot change the server",
    ),
    ({"prompt": "x", "infotext": "Steps: 2"}, "infotext: give its fields instead"),
    ({"task": "img2img"}, "init_images must be a list"),
    ({"task": "img2img", "init_images": [1]}, "init_images must be a list"),
    ({"task": "extras"}, "extras needs image"),
    ({"task": "png-info"}, "png-info needs image"),
]


@pytest.mark.parametrize(("payload", "words"), REFUSED)
def test_what_cannot_be_drawn_is_refused(payload: dict[str, Any], words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        make_request(payload, A1111Settings())
    assert caught.value.error_class is ErrorClass.VALIDATION


def test_what_is_decided_here_cannot_be_set_by_a_job() -> None:
    payload = {"prompt": "x", "save_images": True, "send_images": False, "force_task_id": "a"}
    body = make_request(payload, A1111Settings()).body
    assert (body["save_images"], body["send_images"]) == (False, True)
    assert "force_task_id" not in body


def test_null_counts_as_not_given() -> None:
    assert make_request({"prompt": "x", "steps": None}, A1111Settings()).body["steps"] == 20
