"""Files for what keeps the agent running: a unit of systemd, an ecosystem of PM2."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

UNIT = Path("/etc/systemd/system/emp-agent.service")
FINAL_CODES = (2, 3, 4)
"""Exit codes after which another start would end the same."""


def unit(command: Sequence[str], directory: Path, home: Path, stop_s: float) -> str:
    """A system service that is started at boot, and again whenever it breaks."""
    return f"""\
[Unit]
Description=Worker agent of an emp-job-queue hub
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={" ".join(_quoted(word) for word in command)}
WorkingDirectory={directory}
Environment="HOME={home}"
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={" ".join(map(str, FINAL_CODES))}
KillMode=mixed
TimeoutStopSec={stop_s:g}

[Install]
WantedBy=multi-user.target
"""


def ecosystem(command: Sequence[str], directory: Path, stop_s: float) -> str:
    """What `pm2 start` reads."""
    app = {
        "name": "emp-agent",
        "script": command[0],
        "args": shlex.join(command[1:]),
        "cwd": str(directory),
        "interpreter": "none",
        "restart_delay": 5000,
        "stop_exit_codes": [0, *FINAL_CODES],
        "kill_timeout": int(stop_s * 1000),
    }
    return f"module.exports = {json.dumps({'apps': [app]}, indent=2)}\n"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
