"""How many examples Hypothesis tries, for every test in this folder."""

import os

from hypothesis import HealthCheck, settings

RUNS = int(os.environ.get("EMP_PROPERTY_RUNS", "100"))
"""Runs of a property test; EMP_PROPERTY_RUNS sets more for a longer search."""
STEPS = 30
TIMEOUT_S = 120 + 3 * RUNS

PROFILE = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,  # a server that syncs its disk is not measured here
    print_blob=True,
    # Every example begins with an empty server; what pytest keeps between them is its address.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
