"""Templates with JSONPath in them."""

from typing import Any

import pytest

from agent.connectors.templates import TemplateError, filled, value_at, values_at

DOCUMENT: dict[str, Any] = {"a": {"b": [1, 2]}, "text": "x"}
CASES: list[tuple[Any, Any]] = [
    ("$.text", "x"),
    ("$.a.b[0]", 1),
    ("$.a.b[*]", [1, 2]),
    ("$", DOCUMENT),
    ("$$5", "$5"),
    ("plain", "plain"),
    (7, 7),
    ({"k": ["$.text", None]}, {"k": ["x", None]}),
]


@pytest.mark.parametrize(("template", "value"), CASES)
def test_paths_are_followed_and_the_rest_stays(template: Any, value: Any) -> None:
    assert filled(template, DOCUMENT) == value


def test_a_path_that_leads_nowhere_says_what_there_is() -> None:
    with pytest.raises(TemplateError, match=r"\$\.c leads to nothing; there is an object with a, "):
        filled("$.c", DOCUMENT)
    with pytest.raises(TemplateError, match="a value of type list"):
        filled("$.c", [])


def test_what_is_no_path_is_named() -> None:
    with pytest.raises(TemplateError, match="is no JSONPath"):
        values_at("$[", DOCUMENT)


def test_a_field_is_a_name_or_a_path() -> None:
    assert value_at("text", DOCUMENT) == value_at("$.text", DOCUMENT) == "x"
    assert value_at("none", DOCUMENT) is value_at("$.none", DOCUMENT) is value_at("a", []) is None
