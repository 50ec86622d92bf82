"""Lines of the engines' logs, as the hub asks for them."""

from collections.abc import Callable

from shared.messages import RequestLogs, ResponseLogs

MOST_LINES = 500


def answer(asked: RequestLogs, worker_id: str, last: Callable[[int], list[str]]) -> ResponseLogs:
    """What the hub is told; `last` gives so many lines."""
    lines = last(max(1, min(asked.lines, MOST_LINES)))
    return ResponseLogs(worker_id=worker_id, request_id=asked.request_id, lines=tuple(lines))
