"""Which running agent a command is for."""

import os
import pwd
import socket
from pathlib import Path

from agent.desk import socket_path
from agent.settings import AgentSettings
from shared.settings import Resolved


class TellError(Exception):
    """The running agent cannot be told; the message says why, and what helps."""


def find_socket(resolved: Resolved[AgentSettings]) -> Path:
    """The socket of the one agent that is meant. Raises `TellError`."""
    found = _candidates(resolved)
    running = [path for path in found if _answers(path)]
    if len(running) > 1:
        names = ", ".join(path.stem for path in running)
        raise TellError(f"several agents run here: say which by --worker-id ({names})")
    if not running:
        places = ", ".join(map(str, found))
        raise TellError(
            f"no agent runs here: none answers at {places}. Start one by `emp-agent run`, or name "
            "the state folder of the one that runs by --state-dir"
        )
    return running[0]


def _candidates(resolved: Resolved[AgentSettings]) -> list[Path]:
    settings = resolved.settings
    own = socket_path(settings)
    is_named = settings.control_socket or resolved.sources["worker_id"] != "default"
    if is_named:
        return [own]
    return sorted(settings.state_dir.glob("*.sock")) or [own]


def _answers(path: Path) -> bool:
    """Whether an agent listens there that is this user's. Raises `TellError` if it is another's."""
    theirs = TellError(
        f"the agent at {path} belongs to {_owner(path)}: run this command as that user or root"
    )
    try:
        is_ours = os.geteuid() in (0, path.stat().st_uid)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
    except PermissionError:
        raise theirs from None
    except OSError:  # nobody is there; a socket stays when an agent is killed
        return False
    if not is_ours:  # whatever its mode: somebody else's may only pretend to be an agent
        raise theirs
    return True


def _owner(path: Path) -> str:
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except (OSError, KeyError):
        return "somebody else"
