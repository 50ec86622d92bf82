"""The documents of the wire say what the classes say."""

import json
import re
from typing import Any

import pytest

from hub.asyncapi import document, main, rewritten, written
from hub.described import example, message_schema
from shared.messages import MESSAGES, Message
from shared.wire import decode
from tests.support.tree import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text()
FRAMES = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)


def test_the_page_has_every_message_as_it_is_now() -> None:
    assert rewritten(PAGE) == PAGE, "make docs brings docs/protocol.md up to date"
    assert re.findall(r"^### (.*)$", PAGE, re.MULTILINE) == sorted(MESSAGES)


def test_the_asyncapi_document_is_the_one_of_the_classes() -> None:
    assert (ROOT / "docs" / "asyncapi.json").read_text() == written(), "make docs"


def test_every_example_is_a_frame() -> None:
    assert [decode(frame).type for frame in FRAMES] == sorted(MESSAGES)


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=list(MESSAGES))
def test_a_schema_names_what_an_example_says(cls: type[Message]) -> None:
    described, said = message_schema(cls), json.loads(example(cls))
    assert set(said) <= set(described["properties"])
    assert set(described["required"]) <= set(said)


def test_every_message_has_its_place_in_a_channel() -> None:
    told = document()
    placed = {name for channel in told["channels"].values() for name in channel["messages"]}
    assert placed == set(MESSAGES)
    for operation in told["operations"].values():
        for each in operation["messages"]:
            found: Any = told
            for step in each["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            assert found["$ref"].rpartition("/")[2] in MESSAGES


def test_both_files_are_written(tmp_path: Any) -> None:
    (tmp_path / "protocol.md").write_text(PAGE.replace("### ack", "### old"))
    main(tmp_path)
    assert (tmp_path / "protocol.md").read_text() == PAGE
    assert json.loads((tmp_path / "asyncapi.json").read_text()) == document()
