"""Installs the other queues, then measures them: `python3 tests/bench/peers/run.py --help`.

`run.py tests.bench` measures this queue beside them.

Needs nothing but Python 3.11 or later, for nothing is installed yet when it starts. The queues
live apart, in `.venv-bench` and `bullmq/node_modules`; what measures them runs in `.venv`, the
project's own environment, since it starts the same server as the hub.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROJECT_PYTHON = ROOT / ".venv/bin/python"
WHOLE = "tests.bench"


def main() -> None:
    if not PROJECT_PYTHON.exists():
        sys.exit(f"{PROJECT_PYTHON} is missing: install the project there first.")
    install_python_peers()
    without = [] if install_node_peers() else ["--without", "bullmq"]
    os.chdir(ROOT)
    words = sys.argv[1:]
    module = words.pop(0) if words[:1] == [WHOLE] else "tests.bench.peers"
    command = [str(PROJECT_PYTHON), "-m", module, *without, *words]
    os.execv(PROJECT_PYTHON, command)  # noqa: S606 - so that signals reach the benchmark itself


def install_python_peers() -> None:
    """The pinned, hashed requirements, in an environment that no other version can disturb."""
    environment = ROOT / ".venv-bench"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    requirements = HERE / "requirements.txt"
    subprocess.run([*pip, "install", "--require-hashes", "-r", requirements], check=True)


def install_node_peers() -> bool:
    """Whether there is a Node to run them."""
    if not (shutil.which("node") and shutil.which("npm")):
        sys.stderr.write("BullMQ is left out: it needs node and npm, and one is not installed.\n")
        return False
    # Not `npm ci`: it refuses a lock that lacks other platforms' builds of an optional package.
    npm_install = ["npm", "install", "--no-save", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(npm_install, cwd=HERE / "bullmq", check=True, stdout=subprocess.DEVNULL)
    return True


if __name__ == "__main__":
    main()
