"""One verb, one script, one method, one test."""

import ast
import re
from pathlib import Path

from hub.store.scripts import PART, library
from tests.support.tree import ROOT, sources, text

SCRIPTS = Path("hub/store/lua")
TESTS = Path("tests/integration/hub/store")


def verbs() -> list[str]:
    """The scripts; a name with a leading underscore is a part of others."""
    return [
        path.stem
        for path in sources(".lua", "hub")
        if path.parent == SCRIPTS and not path.stem.startswith("_")
    ]


def methods() -> set[str]:
    """The asynchronous methods of the classes in hub.store."""
    store = [path for path in sources(".py", "hub") if path.parts[1] == "store"]
    classes = [
        node
        for path in store
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.ClassDef)
    ]
    return {
        node.name
        for found in classes
        for node in found.body
        if isinstance(node, ast.AsyncFunctionDef)
    }


def test_every_script_has_a_method_of_its_name() -> None:
    assert sorted(set(verbs()) - methods()) == []


def test_every_script_has_a_test_of_its_name() -> None:
    assert [verb for verb in verbs() if not (ROOT / TESTS / f"test_{verb}.py").exists()] == []


def test_what_scripts_share_is_parts_of_which_each_has_one_name() -> None:
    """A verb gets those that it uses: nothing else may stand at the margin."""
    margin = re.compile(r"local (function \w+\(|\w+ = )|end$|}$|--|$")
    lines = [line for line in library().splitlines() if not line.startswith(" ")]
    assert [line for line in lines if not margin.match(line)] == []
    names = [part[1] for part in PART.finditer(library())]
    assert len(names) == len(set(names)) == sum(line.startswith("local ") for line in lines)
