"""What a metadata service answers: a small web server that a cloud puts beside each machine."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException

from attrs import frozen

_ANSWER_S = 1.0
_LONGEST = 100_000


class NoMetadataError(Exception):
    """Nothing answers there."""


@frozen
class Answer:
    """What was answered, whatever the status."""

    status: int
    text: str

    @property
    def is_ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200  # noqa: PLR2004 - OK


def ask(url: str, headers: Mapping[str, str], method: str = "GET") -> Answer:
    """Ask once, for at most about a second; blocks. Raises `NoMetadataError`."""
    # The address is the operator's own, or the one that clouds have agreed on.
    request = urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310
    try:
        with _opener().open(request, timeout=_ANSWER_S) as answer:
            return Answer(answer.status, _text(answer.read(_LONGEST)))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, "")
    except (OSError, HTTPException, ValueError) as problem:
        raise NoMetadataError(f"{url}: {getattr(problem, 'reason', problem)}") from problem


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Made when it is needed, for it reads every certificate of the machine."""
    # A proxy would ask the service of its own machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _text(content: bytes) -> str:
    return content.decode(errors="replace").strip()
