"""The faults that are tried on the store are faults of the store as it is."""

from pathlib import Path

import pytest

from tests.properties.mutants import MUTANTS, Mutant

LUA = Path(__file__).parents[2] / "hub/store/lua"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_fault_changes_what_is_there(mutant: Mutant) -> None:
    sound = (LUA / mutant.file).read_text()
    assert mutant.old in sound
    assert sound.replace(mutant.old, mutant.new) != sound
