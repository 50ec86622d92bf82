"""The templates for the environment name settings that there are."""

import pytest

from shared.settings import read
from tests.support.env_files import HEADS, written
from tests.support.tree import ROOT


def lines(name: str) -> dict[str, str]:
    """What the file says, with its comment signs taken away."""
    said = [line.removeprefix("#") for line in (ROOT / name).read_text().splitlines()]
    return dict(line.split("=", 1) for line in said if "=" in line and not line.startswith(" "))


@pytest.mark.parametrize("name", HEADS)
def test_a_template_names_nothing_that_is_no_setting(name: str) -> None:
    known = dict(
        line.split("=", 1)
        for line in written(name).splitlines()
        if line.startswith("#") and "=" in line and " " not in line.split("=")[0]
    )
    assert {f"#{each}" for each in lines(name)} <= set(known)


@pytest.mark.parametrize("name", HEADS)
def test_what_a_template_says_can_be_read(name: str) -> None:
    assert read(HEADS[name][0], (), lines(name), "program", "")
