"""How a machine becomes one of the hub's: a token is shown once, and a credential kept."""

import json
import logging
import secrets
import socket
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from agent.own_files import write_private
from agent.settings import AgentSettings
from agent.trust import trust

log = logging.getLogger(__name__)

FILE = "credential.json"
PATIENCE_S = 20
TRIES = 3


class EnrolmentError(Exception):
    """The machine is not enrolled; the message says why, and what helps."""


@frozen
class Credential:
    """Who this machine is to the hub at `hub_url`."""

    hub_url: str
    machine_id: str
    secret: str = field(repr=False)


def find_credential(settings: AgentSettings) -> Credential | None:
    """The credential that is kept for this hub, if there is one. Raises `EnrolmentError`."""
    path = settings.state_dir / FILE
    try:
        kept = json.loads(path.read_text())
        credential = Credential(kept["hub_url"], kept["machine_id"], kept["credential"])
    except (FileNotFoundError, NotADirectoryError):  # a folder that is none is told of by doctor
        return None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        remedy = "remove it, and enrol again"
        raise EnrolmentError(f"{path} cannot be read ({problem}): {remedy}") from problem
    # Another hub is none of its business.
    return credential if credential.hub_url == settings.hub_url else None


def enrol(settings: AgentSettings) -> Credential:
    """Show the token of the settings, and keep what it gives. Raises `EnrolmentError`."""
    if settings.enrolment_token is None:
        raise EnrolmentError("set WORKER_ENROLMENT_TOKEN, or --enrolment-token")
    asked = {
        "token": settings.enrolment_token,
        "name": socket.gethostname()[:200] or settings.worker_id,
        "nonce": secrets.token_hex(16),  # so that it can be sent again
    }
    told = _ask(settings.hub_url, asked)
    credential = Credential(settings.hub_url, told["machine_id"], told["credential"])
    keep(credential, settings.state_dir)
    log.info("enrolled at %s as machine %s", credential.hub_url, credential.machine_id)
    return credential


def keep(credential: Credential, state_dir: Path) -> None:
    """Write it where only its owner can read it; a file that is there is replaced as a whole."""
    kept = {
        "hub_url": credential.hub_url,
        "machine_id": credential.machine_id,
        "credential": credential.secret,
    }
    keep_private(state_dir / FILE, json.dumps(kept) + "\n")


def keep_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, as a whole. Raises `EnrolmentError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text)
    except OSError as problem:
        told = f"--state-dir {path.parent} cannot be written: {problem}"
        raise EnrolmentError(told) from problem


def forget_credential(state_dir: Path) -> None:
    """Keep it no longer."""
    (state_dir / FILE).unlink(missing_ok=True)


def with_credential(settings: AgentSettings) -> AgentSettings:
    """The settings with the token to show: one that is set, or what is kept, or what the enrolment
    token gives. Raises `EnrolmentError`.
    """
    if settings.token is not None:
        return settings
    credential = find_credential(settings)
    if credential is None and settings.enrolment_token is not None:
        credential = enrol(settings)
    return settings if credential is None else evolve(settings, token=credential.secret)


def _ask(hub_url: str, asked: dict[str, str]) -> dict[str, Any]:
    # The settings let nothing but http and https through.
    request = urllib.request.Request(  # noqa: S310
        f"{hub_url}/enrol",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S, context=trust()) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            if problem.code < HTTPStatus.INTERNAL_SERVER_ERROR or not left:
                raise EnrolmentError(_refusal(hub_url, problem)) from problem
        except (OSError, ValueError) as problem:
            if not left:
                reason = getattr(problem, "reason", problem)
                remedy = "check HUB_URL, the network and HTTPS_PROXY"
                raise EnrolmentError(f"{hub_url} does not answer: {reason}; {remedy}") from problem
    raise AssertionError  # the last try returns or raises


def _refusal(hub_url: str, problem: urllib.error.HTTPError) -> str:
    try:
        said = json.load(problem)["error"]
    except (OSError, ValueError, KeyError, TypeError):
        said = problem.reason
    return f"{hub_url} answered {problem.code}: {said}"
