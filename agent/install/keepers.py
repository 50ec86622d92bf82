"""Files for what keeps the agent running: a unit of systemd, an ecosystem of PM2."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

UNIT = Path("/etc/systemd/system/emp-agent.service")
FINAL_CODES = (2, 3, 4)
"""Exit codes after which another start would end the same."""
PM2_NAME = "emp-agent"
PM2_DONE_CODE = 10
"""In place of 0, which PM2 also sees of a process that was killed, and would then leave dead."""


_WAYS = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
KEPT = (*_WAYS, *map(str.lower, _WAYS), "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
"""What an agent reads of its environment besides settings: a service is started with none of it."""


def environment(environ: Mapping[str, str]) -> str:
    """What systemd reads as an `EnvironmentFile`. An address of a proxy may hold a password."""
    kept = {name: environ[name] for name in KEPT if environ.get(name)}
    escaped = {name: re.sub(r'(["\\\\$`])', r"\\\1", text) for name, text in kept.items()}
    return "".join(f'{name}="{text}"\n' for name, text in escaped.items())


def unit(
    command: Sequence[str], directory: Path, home: Path, stop_s: float, environment: Path
) -> str:
    """A system service that is started at boot, and again whenever it breaks.

    Only the agent itself is told to end: it ends its engines, or leaves them to the next one, as
    where the service is only restarted.
    """
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
EnvironmentFile={str(environment).replace("%", "%%")}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={" ".join(map(str, FINAL_CODES))}
KillMode=process
RestartKillSignal=SIGHUP
TimeoutStopSec={stop_s:g}

[Install]
WantedBy=multi-user.target
"""


def ecosystem(command: Sequence[str], directory: Path, stop_s: float) -> str:
    """What `pm2 start` reads."""
    app = {
        "name": PM2_NAME,
        "script": command[0],
        "args": [*command[1:], "--done-code", str(PM2_DONE_CODE)],
        "cwd": str(directory),
        "interpreter": "none",
        "restart_delay": 5000,
        "stop_exit_codes": [PM2_DONE_CODE, *FINAL_CODES],
        "treekill": False,  # engines are the agent's to end, and two signals mean: do not wait
        "kill_timeout": int(stop_s * 1000),
    }
    return f"module.exports = {json.dumps({'apps': [app]}, indent=2)}\n"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
