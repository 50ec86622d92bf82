"""The process that works ends with the one that has unpacked it."""

import signal
import subprocess
import sys

import psutil

from tests.support.tree import ROOT

WORKS = """
import sys, time
sys.frozen = True
from agent.single_file import end_with_unpacker
end_with_unpacker()
print("works", flush=True)
time.sleep(600)
"""
UNPACKS = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {WORKS!r}], check=False)
"""


def test_nothing_outlives_a_killed_unpacker() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", UNPACKS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as unpacker:
        assert unpacker.stdout is not None
        assert unpacker.stdout.readline() == "works\n"
        (worker,) = psutil.Process(unpacker.pid).children()
        unpacker.kill()
        gone, _ = psutil.wait_procs([worker], 10)
        assert gone


def test_what_comes_too_late_ends_at_once() -> None:
    shell = f"'{sys.executable}' -c '{WORKS.replace(chr(39), '')}'; echo $?"
    done = subprocess.run(
        ["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == f"{128 + signal.SIGKILL}\n"
