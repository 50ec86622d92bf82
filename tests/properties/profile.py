"""How many examples Hypothesis tries, for every test in this folder."""

import os

from hypothesis import HealthCheck, Phase, settings

RUNS = int(os.environ.get("EMP_PROPERTY_RUNS", "100"))
"""Runs of a property test; EMP_PROPERTY_RUNS sets more for a longer search."""
RULES = {"redis": 50_000, "valkey": 20_000}
"""Rules of the state machine on each kind of server, over all shares."""
SHARES = 8
"""In how many tests they are carried out, so that no process is left with one for long."""
STEPS = 50
TIMEOUT_S = 120 + 3 * RUNS


def rules_on(kind: str) -> int:
    """How many rules are carried out there; EMP_PROPERTY_RULES sets another number for all."""
    return int(os.environ.get("EMP_PROPERTY_RULES", RULES[kind]))


_IS_HURRIED = "EMP_PROPERTY_NO_SHRINK" in os.environ  # all that is asked is whether one fails

PROFILE = settings(
    phases=(Phase.generate,) if _IS_HURRIED else tuple(Phase),
    max_examples=RUNS,
    stateful_step_count=STEPS,
    derandomize=False,  # nor where CI is set, or every share and repetition would be the same one
    deadline=None,  # a server that syncs its disk is not measured here
    print_blob=True,
    # Every example begins with an empty server; what pytest keeps between them is its address.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
