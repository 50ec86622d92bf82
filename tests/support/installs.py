"""A machine on which the agent is installed by the hub's one line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from agent.install.background import Background
from tests.support.tree import ROOT
from tests.system.conftest import Site

STAND_IN = f"""\
#!/bin/sh
export PYTHONPATH='{ROOT}'
exec '{sys.executable}' -m agent "$@"
"""
"""In the place of the binary: the agent as it is here."""


@frozen
class Box:
    """A machine with an empty home, and the hub whose agent it gets."""

    site: Site
    home: Path
    more: Mapping[str, str] = MappingProxyType({})
    """Of its environment."""

    @property
    def background(self) -> Background:
        """The agent, where it is a plain process."""
        return Background(self.home / ".emp-agent")

    @property
    def agent(self) -> Path:
        """The installed binary."""
        return self.home / "bin" / "emp-agent"

    @property
    def environ(self) -> dict[str, str]:
        """Of a machine that knows nothing of us."""
        covered = {name: text for name, text in os.environ.items() if name.startswith("COVERAGE")}
        return (
            {
                "HOME": str(self.home),
                "PATH": os.environ["PATH"],
                "WORKER_CLOUD_METADATA": "off",
                "EMP_AGENT_DIR": str(self.agent.parent),
                "WORKER_SUPERVISOR": "process",  # whatever this machine has
            }
            | covered
            | dict(self.more)
        )

    def hand_out(self, binary: Path | str) -> None:
        """Let the hub serve this binary, or this text."""
        path = self.site.data_dir / "agent" / "emp-agent"
        path.parent.mkdir(exist_ok=True)
        if isinstance(binary, Path):
            shutil.copy(binary, path)
        else:
            path.write_text(binary)

    async def line(self, **wish: Any) -> str:
        """What the hub says is to be pasted."""
        answer = await self.site.http.post(f"{self.site.url}/enrolment-tokens", json=wish)
        assert answer.status_code == 201, answer.text
        return answer.json()["install"]

    def paste(self, line: str, *more: str) -> tuple[int, str]:
        """Run the line with more words behind it; its exit code and what it said."""
        done = subprocess.run(
            ["sh", "-c", f"{line} {' '.join(more)}"],
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def ask(self, *words: str) -> tuple[int, str]:
        """Run the installed agent with these words."""
        return self.paste(str(self.agent), *words)
