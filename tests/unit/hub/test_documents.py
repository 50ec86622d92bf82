"""Documents as JSON text."""

import json
from typing import Any

import pytest

from hub.documents import encoded, frame_of
from shared.messages import JobAssigned
from shared.wire import decode

DOCUMENTS: list[Any] = [
    {"a": [1, 2.5, None, True], "ü": "x"}, {"n": 2**70}, {"half": "\ud83d"},
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=ascii)
def test_what_is_encoded_is_read_as_it_was(document: Any) -> None:
    assert json.loads(encoded(document)) == document
    assert b" " not in encoded(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=ascii)
def test_a_frame_says_the_message(document: Any) -> None:
    message = JobAssigned(
        job_id="j1", worker_id="w1", job_type="comfyui", priority=50, params=document,
        attempt=1, lease="a",
    )  # fmt: skip
    heard = decode(frame_of(message))
    assert isinstance(heard, JobAssigned)
    assert (heard.job_id, heard.priority, heard.params) == ("j1", 50, document)
    assert heard.envelope.id
    assert '"timeout_s"' not in frame_of(message)  # what is not said
