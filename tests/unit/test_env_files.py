"""The templates for the environment name settings that there are."""

import pytest
from attrs import fields

from shared.settings import _Setting, read  # pyright: ignore[reportPrivateUsage]
from tests.support.env_files import GIVEN, HEADS, written
from tests.support.tree import ROOT


def lines(text: str) -> dict[str, str]:
    """What a template says, with its comment signs taken away."""
    said = [line.removeprefix("#") for line in text.splitlines()]
    return dict(line.split("=", 1) for line in said if "=" in line and not line.startswith(" "))


@pytest.mark.parametrize("name", HEADS)
def test_a_template_names_nothing_that_is_no_setting(name: str) -> None:
    known = dict(
        line.split("=", 1)
        for line in written(name).splitlines()
        if line.startswith("#") and "=" in line and " " not in line.split("=")[0]
    )
    assert {f"#{each}" for each in lines((ROOT / name).read_text())} <= set(known)


@pytest.mark.parametrize("name", HEADS)
def test_what_a_template_says_can_be_read(name: str) -> None:
    assert read(HEADS[name][0], (), lines((ROOT / name).read_text()), "program", "")


@pytest.mark.parametrize("name", HEADS)
def test_every_line_of_a_template_as_it_is_written_now_can_be_read(name: str) -> None:
    """Also when the file is older than the settings. What must be given is given with each."""
    cls, said = HEADS[name][0], lines(written(name))
    needed = {env: value for env, value in said.items() if env in GIVEN}
    assert set(said) == {each.metadata[_Setting].env[0] for each in fields(cls)}
    for env, value in said.items():
        assert read(cls, (), {**needed, env: value}, "program", "")
