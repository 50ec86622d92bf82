"""Names of packages mean what they should, and `shared` stays at the bottom."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

from tests.support.tree import PACKAGES, ROOT, sources, text

SHARED_MAY_IMPORT = (sys.stdlib_module_names | {"attrs", "cattrs", "shared"}) - {
    "asyncio",
    "concurrent",
    "multiprocessing",
    "selectors",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
}


def imported(source: str) -> set[str]:
    """Top-level names that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", PACKAGES)
def test_our_packages_come_from_this_repository(name: str) -> None:
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).is_relative_to(ROOT / name)


def test_packaging_is_not_our_folder_of_that_name() -> None:
    file = importlib.import_module("packaging").__file__
    assert file is not None
    assert "site-packages" in Path(file).parts


@pytest.mark.parametrize("folder", ["packaging", "tests"])
def test_a_folder_that_would_hide_a_package_is_none_itself(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_shared_needs_only_attrs_cattrs_and_the_standard_library() -> None:
    needs = {path: imported(text(path)) - SHARED_MAY_IMPORT for path in sources(".py", "shared")}
    assert {path: names for path, names in needs.items() if names} == {}


def test_every_form_of_import_is_seen() -> None:
    source = "import a.b\nfrom c.d import e\ndef f():\n    import g, h\n"
    assert imported(source) == {"a", "c", "g", "h"}
