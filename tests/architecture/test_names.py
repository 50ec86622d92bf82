"""Names that say nothing are not used."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.tree import PACKAGES, sources, text

SAY_NOTHING = {"manager", "service", "handler", "helper", "util", "common", "data", "base"}
EXEMPT = {Path("agent/connectors/base.py")}


def says_nothing(name: str) -> bool:
    """Whether the last word of a module's or class's name is one of those."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return bool(words) and words[-1].lower().removesuffix("s") in SAY_NOTHING


@pytest.mark.parametrize("name", ["utils", "job_manager", "RequestHandler", "JobData", "base"])
def test_a_name_that_says_nothing_is_recognised(name: str) -> None:
    assert says_nothing(name)


@pytest.mark.parametrize("name", ["database", "ServiceDown", "__init__", "keys", "HTTPError"])
def test_a_name_that_says_something_is_let_through(name: str) -> None:
    assert not says_nothing(name)


def test_every_module_has_a_name_that_says_something() -> None:
    modules = set(sources(".py", *PACKAGES)) - EXEMPT
    assert [path for path in modules if says_nothing(path.stem)] == []
    folders = {path.parent for path in modules}
    assert [path for path in folders if says_nothing(path.name)] == []


def test_every_class_has_a_name_that_says_something() -> None:
    classes = [
        f"{path}:{node.name}"
        for path in sources(".py", *PACKAGES)
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.ClassDef) and says_nothing(node.name)
    ]
    assert classes == []
