"""A script is given what it uses, and no more."""

from hub.store.scripts import assembled, verbs

SHARED = """
-- What all share.
local KEY = {job='{emp}:job:'}
local LIMIT = 3

-- Not asked for.
local function other()
  return LIMIT
end

local function first(id)
  return redis.call('GET', KEY.job .. id)
end

local function second(id)
  return first(id)
end
"""


def test_a_verb_gets_what_it_names_and_what_that_needs() -> None:
    script = assembled("#!lua flags=allow-oom\nreturn second(KEY.job)\n", SHARED)
    assert script.startswith("#!lua flags=allow-oom\nlocal function first(id)\n")
    assert script.endswith("\nreturn second('{emp}:job:')\n")
    assert script.index("local function first") < script.index("local function second")
    assert "redis.call('GET', '{emp}:job:' .. id)" in script
    for unused in ("other", "LIMIT", "KEY", "--"):
        assert unused not in script


def test_the_table_of_names_is_there_for_whoever_looks_names_up() -> None:
    script = assembled("#!lua\nreturn KEY[ARGV[1]]\n", SHARED)
    assert script.startswith("#!lua\nlocal KEY = {job='{emp}:job:'}\n")


def test_no_verb_carries_all_that_is_shared() -> None:
    sizes = {verb: len(script) for verb, script in verbs()}
    assert sizes["settle"] < sizes["start"] < sizes["claim"] / 2
