"""Waiting for facts."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

_POLL_S = 0.01


async def wait_until(
    predicate: Callable[[], object | Awaitable[object]], timeout_s: float = 20
) -> None:
    """Return as soon as `predicate()` (or what it awaits) is true; fail after `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            while not await _value(predicate):  # noqa: ASYNC110 - any fact will do, few have an event
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise AssertionError(f"not true within {timeout_s:g} s: {predicate}") from None


async def _value(predicate: Callable[[], object | Awaitable[object]]) -> object:
    value = predicate()
    return await value if isawaitable(value) else value
