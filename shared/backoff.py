"""How long to wait before the next try."""

from collections.abc import Callable
from random import random


def backoff_s(
    failures: int,
    *,
    first_s: float = 1.0,
    cap_s: float = 60.0,
    uniform: Callable[[], float] = random,
) -> float:
    """Seconds to wait after `failures` failures (≥ 1): exponential with full jitter.

    `uniform` returns a number in [0, 1); tests pass their own.
    """
    if failures < 1:
        raise ValueError(f"failures counts from 1, got {failures}")
    # Above 2**32 first_s any cap is reached; the bound keeps the power finite.
    ceiling = min(cap_s, first_s * 2 ** min(failures - 1, 32))
    return ceiling * uniform()
