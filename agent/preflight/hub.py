"""The way to the hub, and the clocks at its two ends."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from agent.preflight.finding import Finding
from agent.settings import AgentSettings
from agent.trust import trust

PATIENCE_S = 10
_OFF_S = 60  # what certificates and people bear; the hub judges leases by its own clock


def hub_findings(settings: AgentSettings) -> Iterator[Finding]:
    """Whether the hub answers, and tells the same time."""
    url = f"{settings.hub_url}/health"
    try:
        # The address is the operator's own, and only http and https are let through by settings.
        with urllib.request.urlopen(url, timeout=PATIENCE_S, context=trust()) as answer:  # noqa: S310
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as problem:
        yield _unreachable(settings, f"answered {problem.code} to GET /health")
        return
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        yield _unreachable(settings, f"does not answer: {reason}")
        return
    yield Finding(name="hub", detail=f"{settings.hub_url} answers")
    if date:
        yield _clock(time.time() - parsedate_to_datetime(date).timestamp())


def _unreachable(settings: AgentSettings, problem: str) -> Finding:
    return Finding(
        name="hub",
        problem=f"{settings.hub_url} {problem}",
        remedy="check HUB_URL, the network, HTTPS_PROXY and that the hub runs",
    )


def _clock(off_s: float) -> Finding:
    return Finding(
        name="clock",
        problem=f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the hub's"
        if abs(off_s) > _OFF_S
        else None,
        remedy="set the time (timedatectl set-ntp true), else certificates and logs cannot be trusted",
        detail=f"within {_OFF_S} s of the hub's",
    )
