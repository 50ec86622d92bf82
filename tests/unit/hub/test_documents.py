"""Documents as JSON text."""

import json
from typing import Any

import pytest

from hub.documents import encoded


@pytest.mark.parametrize(
    "document", [{"a": [1, 2.5, None, True], "ü": "x"}, {"n": 2**70}, {"half": "\ud83d"}], ids=ascii
)
def test_what_is_encoded_is_read_as_it_was(document: Any) -> None:
    assert json.loads(encoded(document)) == document
    assert b" " not in encoded(document)
