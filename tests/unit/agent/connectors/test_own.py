"""Connectors of the operator's own."""

from pathlib import Path

import pytest

from agent.connectors import make_connectors
from agent.connectors.own import load
from agent.settings import AgentSettings
from tests.support.tree import ROOT

TEMPLATE = str(ROOT / "examples/connector.py")


def test_the_template_is_a_connector() -> None:
    assert load(TEMPLATE, {"REVERSER_LETTER_S": "0"}).name == "reverser"


def test_a_file_stands_among_the_names_or_beside_them() -> None:
    alone = make_connectors(AgentSettings(connectors=(TEMPLATE,)))
    beside = make_connectors(AgentSettings(connector=(TEMPLATE,)))
    assert [each.name for each in alone] == ["reverser"]
    assert [each.name for each in beside] == ["simulation", "reverser"]


BROKEN = [
    ("x = 1", "defines no make_connector"),
    ("import no_such_module", "broke: ModuleNotFoundError"),
    ("def make_connector(environ): return object()", "has no name, slots, open, close, offer, run"),
]


@pytest.mark.parametrize(("source", "words"), BROKEN)
def test_a_file_that_makes_none_is_named(tmp_path: Path, source: str, words: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    with pytest.raises(ValueError, match=words) as caught:
        load(str(file))
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        load(str(tmp_path / "none.py"))
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(ValueError, match=r"ending in \.py"):
        load(str(tmp_path / "mine.txt"))
