"""The way to the hub, and the clocks at its two ends."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from agent.preflight.finding import Finding
from agent.settings import AgentSettings
from agent.trust import Trust, find_trust

PATIENCE_S = 10
_OFF_S = 60  # what certificates and people bear; the hub judges leases by its own clock


def hub_findings(settings: AgentSettings) -> Iterator[Finding]:
    """Whether the hub answers, is who it says, and tells the same time."""
    url = f"{settings.hub_url}/health"
    trust = find_trust()
    try:
        # The address is the operator's own, and only http and https are let through by settings.
        with urllib.request.urlopen(url, timeout=PATIENCE_S, context=trust.context) as answer:  # noqa: S310
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as problem:
        yield _unreachable(settings, f"answered {problem.code} to GET /health")
        return
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        yield (
            _distrusted(settings, reason, trust)
            if isinstance(reason, ssl.SSLCertVerificationError)
            else _unreachable(settings, f"does not answer: {reason}")
        )
        return
    vouched = f", for which one of {trust} vouches" if url.startswith("https:") else ""
    yield Finding(name="hub", detail=f"{settings.hub_url} answers{vouched}")
    if date:
        yield _clock(time.time() - parsedate_to_datetime(date).timestamp())


def _unreachable(settings: AgentSettings, problem: str) -> Finding:
    return Finding(
        name="hub",
        problem=f"{settings.hub_url} {problem}",
        remedy="check HUB_URL, the network, HTTPS_PROXY and that the hub runs",
    )


def _distrusted(
    settings: AgentSettings, reason: ssl.SSLCertVerificationError, trust: Trust
) -> Finding:
    return Finding(
        name="hub certificate",
        problem=f"that of {settings.hub_url} is not accepted: {reason.verify_message} ({trust} are "
        "trusted)",
        remedy="name the file with the certificate of the hub's own authority in SSL_CERT_FILE; if "
        "the certificate is too new or too old, look at the clock",
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
