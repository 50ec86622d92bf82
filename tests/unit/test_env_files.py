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
def test_a_template_is_the_one_of_the_settings(name: str) -> None:
    assert (ROOT / name).read_text() == written(name), "make docs brings it up to date"


@pytest.mark.parametrize("name", HEADS)
def test_what_a_template_says_can_be_read(name: str) -> None:
    assert read(HEADS[name][0], (), lines(name), "program", "")
