"""The templates for the environment name settings that there are."""

import pytest
from attrs import fields

from shared.settings import _Setting, read, variables  # pyright: ignore[reportPrivateUsage]
from tests.support.env_files import GIVEN, HEADS, written
from tests.support.tree import ROOT


def lines(text: str) -> dict[str, str]:
    """What a template says, with its comment signs taken away."""
    said = [line.removeprefix("#") for line in text.splitlines()]
    return dict(line.split("=", 1) for line in said if "=" in line and not line.startswith(" "))


@pytest.mark.parametrize("name", HEADS)
def test_a_template_is_as_the_settings_are(name: str) -> None:
    assert (ROOT / name).read_text() == written(name), "make docs writes it anew"


@pytest.mark.parametrize("name", HEADS)
def test_a_template_names_every_variable(name: str) -> None:
    text = (ROOT / name).read_text()
    assert [env for env in variables(HEADS[name][0]) if env not in text] == []


@pytest.mark.parametrize("name", HEADS)
def test_what_a_template_says_can_be_read(name: str) -> None:
    assert read(HEADS[name][0], (), lines((ROOT / name).read_text()), "program", "")


@pytest.mark.parametrize("name", HEADS)
def test_every_line_of_a_template_as_it_is_written_now_can_be_read(name: str) -> None:
    """What must be given is given with each."""
    cls, said = HEADS[name][0], lines(written(name))
    needed = {env: value for env, value in said.items() if env in GIVEN}
    assert set(said) == {each.metadata[_Setting].env[0] for each in fields(cls)}
    for env, value in said.items():
        assert read(cls, (), {**needed, env: value}, "program", "")
