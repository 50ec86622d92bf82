"""Lines of the engines' logs, as the hub asks for them: the last ones, or what came behind a mark.

Nothing is remembered of who follows: the hub asks again with the mark of the last answer. So it stops
by itself when nobody reads any more, and a slow reader only costs the lines that the ring has lost.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable

from attrs import define, field

from shared.log_lines import fitting
from shared.messages import Message, RequestLogs, ResponseLogs

KEPT_LINES = 1000
LONGEST_LINE = 500  # characters
MOST_LINES = 500
"""In one answer."""
MOST_WAIT_S = 30.0


@define(eq=False)
class LogLines:
    """The newest lines of all engines of a worker, in the order in which they came."""

    _worker_id: str
    _say: Callable[[Message], None]
    _lines: deque[str] = field(factory=lambda: deque(maxlen=KEPT_LINES), init=False)
    _count: int = field(default=0, init=False)  # of all lines so far; the number of the last one
    _run: str = field(factory=lambda: secrets.token_hex(4), init=False)
    _held: dict[str, tuple[RequestLogs, asyncio.TimerHandle]] = field(factory=dict, init=False)

    def add(self, line: str) -> None:
        """An engine has written a line: whoever waits for one gets it."""
        self._lines.append(line[:LONGEST_LINE])
        self._count += 1
        for request_id in list(self._held):
            self._release(request_id)

    def asked(self, message: RequestLogs) -> None:
        """The hub asks. If there is nothing behind its mark, the next line is the answer, or after
        `wait_s` none."""
        answer = self._answer(message)
        if message.wait_s <= 0 or answer.lines or message.after != answer.mark:
            self._say(answer)
            return
        timer = asyncio.get_running_loop().call_later(
            min(message.wait_s, MOST_WAIT_S), self._release, message.request_id
        )
        self._held[message.request_id] = message, timer

    def forget(self) -> None:
        """The connection is a new one: what was asked on another is not answered."""
        for _, timer in self._held.values():
            timer.cancel()
        self._held.clear()

    def _release(self, request_id: str) -> None:
        message, timer = self._held.pop(request_id)
        timer.cancel()
        self._say(self._answer(message))

    def _answer(self, asked: RequestLogs) -> ResponseLogs:
        """What is behind the mark, from the oldest on; without a mark the newest."""
        most = max(1, min(asked.lines, MOST_LINES))
        first, skipped = self._place(asked.after)
        lines = list(self._lines)
        if asked.after is None:
            first = len(lines) - len(fitting(lines[-most:][::-1]))
        told = fitting(lines[first : first + most])
        return ResponseLogs(
            worker_id=self._worker_id,
            request_id=asked.request_id,
            lines=tuple(told),
            mark=f"{self._run}-{self._count - len(lines) + first + len(told)}",
            skipped=skipped,
        )

    def _place(self, mark: str | None) -> tuple[int, int | None]:
        """Which of the lines that are kept is the first behind the mark, and how many before it are
        lost; None when that is not known."""
        if mark is None:
            return 0, 0
        run, _, number = mark.partition("-")
        if run != self._run or not number.isdecimal():  # of an agent before this one
            return 0, None
        missing = max(0, self._count - int(number))
        return max(0, len(self._lines) - missing), max(0, missing - len(self._lines))
