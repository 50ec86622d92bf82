"""Breaks the store on purpose, one fault at a time, and tells which faults no test here notices.

Run as `python tests/properties/mutants.py [part of a name ...]`. The checkout is not touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
TESTS = [
    f"tests/properties/test_{name}.py" for name in ("lifecycle", "order", "history", "preferences")
]
COPIED = ("hub", "shared", "tests/properties", "tests/support")


@frozen
class Mutant:
    """One fault: in `file`, `old` (which must be there) becomes `new`."""

    name: str
    file: str
    old: str
    new: str


LIB = "_lib.lua"
SELECT = "_select.lua"
SOUND = Mutant("none", LIB, "local FIELDS", "local FIELDS")
MUTANTS = (
    Mutant("any lease will do", LIB, "job.attempt == attempt and job.lease == lease", "true"),
    Mutant(
        "any lease of the attempt will do",
        LIB,
        "job.attempt == attempt and job.lease == lease",
        "job.attempt == attempt",
    ),
    Mutant("adopted at any time", LIB, "job.state == 'pending' and job.adoptable == '1'", "true"),
    Mutant("no reply is kept", LIB, "redis.call('SET', KEY.op .. op", "redis.call('GET', KEY.op .. op"),
    Mutant("heads are not added", LIB, "if first[3] then redis.call('ZADD', KEY.heads", "if false then redis.call('ZADD', KEY.heads"),
    Mutant("heads are not removed", LIB, "  redis.call('ZREM', KEY.heads, second", "  redis.call('ZSCORE', KEY.heads, second"),
    Mutant("news is not told", LIB, "    redis.call('PUBLISH', KEY.news, 'lane '", "    local _ = ('lane '"),
    Mutant("one retry too many", LIB, "failures > tonumber(job.max_retries)", "failures > tonumber(job.max_retries) + 1"),
    Mutant("a refusal to retry is not heard", LIB, "not how.is_retryable or failures", "failures"),
    Mutant("one loss too few", LIB, "losses > tonumber(how.max_losses)", "losses >= tonumber(how.max_losses)"),
    Mutant("a lane that is empty stays", "_lanes.lua", "KEY.lane_jobs, lane, -1) <= 0", "KEY.lane_jobs, lane, -1) < 0"),
    Mutant("held is not left", LIB, "redis.call('SREM', KEY.held", "redis.call('SISMEMBER', KEY.held"),
    Mutant("a lease outlives its deadline", LIB, "if job.deadline_at then ends_at", "if false then ends_at"),
    Mutant("a unique key stays taken", LIB, "if job.unique then", "if false then"),
    Mutant("a deadline stays", LIB, "if job.ends_by then redis.call('ZREM'", "if false then redis.call('ZREM'"),
    Mutant("expired too early", "expire.lua", "tonumber(job.ends_by) > at", "false"),
    Mutant("one more may run than the limit", SELECT, "room_of(member) > 0", "room_of(member) >= 0"),
    Mutant("one more may wait than the limit", "submit.lua", "room < 1", "room < 0"),
    Mutant("a limit for all goes before one's own", "_counts.lua", "limits[1] or limits[2]", "limits[2] or limits[1]"),
    Mutant("another priority moves nothing", "_reordering.lua", "if job.state == 'pending' then enqueue", "if false then enqueue"),
    Mutant("a step leaves its workflow", "prioritise.lua", "if job.workflow ~= ''", "if false"),
    Mutant("low priority first", "submit.lua", "text(-tonumber(priority))", "text(tonumber(priority))"),
    Mutant("scored by time", "submit.lua", "text(-tonumber(priority))", "text(at)"),
    Mutant("steps by their own time", "submit.lua", "submitted_at = has[2] or asked", "submitted_at = asked"),
    Mutant("step before time", "submit.lua", "'%013d:%06d:%012d:%s', submitted_at, asked.step", "'%013d:%06d:%012d:%s', asked.step, submitted_at"),
    Mutant("step is not padded", "submit.lua", "%06d", "%d"),
    Mutant("the number of the submission is not padded", "submit.lua", "%012d", "%d"),
    Mutant("priority 0 is none", "submit.lua", "or asked.workflow_priority or", "or asked.workflow_priority ~= '0' and asked.workflow_priority or"),
    Mutant("a stale class claims", "_lanes.lua", "or '0') ~= version then", "or '0') == '' then"),
    Mutant("failed here, and tried here again", "_lanes.lua", "if not shunned[worker] then return false end", "do return false end"),
    Mutant("never tried again where it failed", "_lanes.lua", "if not shunned[other] and could_serve(other, lane) then return true end", "if not shunned[other] then return true end"),
    Mutant("slots are not counted", "claim.lua", "math.min(wanted, who.room)", "wanted"),
    Mutant("the first lane will do", SELECT, "while place > 1 and is_before(each, list[place - 1])", "while false"),
    Mutant("score alone among lanes", SELECT, " or one.score == other.score and one.member < other.member", ""),
    Mutant("a walk skips a head", SELECT, "walked + #heads", "walked + #heads + 1"),
    Mutant("passed over once too often", "_prefer.lua", "passes >= prefer.passes", "passes > prefer.passes"),
    Mutant("preferred to another priority", "_prefer.lua", "job.score ~= first.score or", ""),
    Mutant("passes are not counted", "claim.lua", "for place = 1, best - 1 do", "for place = 1, 0 do"),
    Mutant("a claim may be adopted", "_taking.lua", "'started_at', 'adoptable',", "'started_at',"),
    Mutant("a former session claims", "_taking.lua", "known[1] ~= session", "false"),
    Mutant("handed over out of turn", "_taking.lua", "unsure or waiting[1]", "unsure"),
    Mutant("handed over to who cannot do it", "_taking.lua", " or not redis.call('ZSCORE', mine, asked.lane) then", " then"),
    Mutant("handed over beyond the limit", "_taking.lua", "room_for('running', asked) < 1", "false"),
    Mutant("handed over, and in its lane", "submit.lua", "  assign(job, taker, asked.lease, at, asked.ttl_ms, op)\n", "  enqueue(job); assign(job, taker, asked.lease, at, asked.ttl_ms, op)\n"),
    Mutant("a live lease is reaped", "reap.lua", "redis.call('ZSCORE', KEY.leases, id)) > at", "redis.call('ZSCORE', KEY.leases, id)) < 0"),
    Mutant("a timeout is a loss", "reap.lua", "tonumber(job.deadline_at) <= at", "false"),
    Mutant("reaped, never adopted", "reap.lua", "is_adoptable = true", "is_adoptable = false"),
    Mutant("a release charges a retry", "release.lua", "lose_attempt(job", "fail_attempt(job"),
    Mutant("promoted too early", "promote.lua", "KEY.delayed, id)) > at", "KEY.delayed, id)) < 0"),
    Mutant("ended jobs are cancelled", "cancel.lua", "if not is_leased(job) and not is_waiting(job)", "if job.state == 'cancelled'"),
    Mutant("a cancel leaves the lane full", "_withdrawal.lua", "    leave_waiting(job)", "    do end"),
    Mutant("an adopted result leaves the lane full", "complete.lua", "else leave_waiting(job) end", "end"),
    Mutant("renewed, not adopted", "renew.lua", "  if is_adopted then adopt(job) end\n", ""),
    Mutant("depart ends no lease", "depart.lua", "'LT'", "'GT'"),
    Mutant("regrant past a deadline", "regrant.lua", "  extend_lease(job, at, ttl_ms)", "  job.deadline_at = nil; extend_lease(job, at, ttl_ms)"),
    Mutant("purged workflows stay", "_workflow.lua", "~= 'running' then drop_workflow(id) end", "~= 'running' then do end end"),
    Mutant("a failure is not found by its error", LIB, "redis.call('ZADD', KEY.by_error .. how.error_class, job.seq, job.id)", "do end"),
    Mutant("a purged failure is found by its error", "purge.lua", "if has[5] then", "if false then"),
)  # fmt: skip


def scratch(mutant: Mutant, directory: Path) -> None:
    """A copy of what the tests need, with the fault in it."""
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, directory / name, ignore=ignored)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, directory / name)
    script = directory / "hub/store/lua" / mutant.file
    sound = script.read_text()
    assert sound.count(mutant.old) >= 1, f"{mutant.name}: {mutant.file} has no {mutant.old!r}"
    script.write_text(sound.replace(mutant.old, mutant.new))


def is_noticed(mutant: Mutant) -> bool:
    """Whether a test fails. A fault may keep a race from ending, which the time limit notices."""
    with tempfile.TemporaryDirectory() as name:
        scratch(mutant, Path(name))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *TESTS]
        environment = {
            **os.environ,
            "EMP_PROPERTY_NO_SHRINK": "1",
            "EMP_PROPERTY_RULES": "10000",
            "TEST_SERVERS": "valkey",
        }
        run = subprocess.run(command, cwd=name, env=environment, capture_output=True, check=False)
        assert run.returncode in {0, 1}, run.stdout.decode()
        return run.returncode == 1


def main() -> int:
    """Try the named mutants, or all; how many went unnoticed."""
    wanted = sys.argv[1:] or [""]
    chosen = [each for each in MUTANTS if any(part in each.name for part in wanted)]
    assert not is_noticed(SOUND), "the tests fail without any fault"
    unnoticed = [each for each in chosen if not is_noticed(each)]
    for each in unnoticed:
        print(f"unnoticed: {each.file}: {each.name}")  # noqa: T201 - its report
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} faults noticed")  # noqa: T201 - its report
    return len(unnoticed)


if __name__ == "__main__":
    sys.exit(main())
