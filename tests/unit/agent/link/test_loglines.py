"""Lines of the engines as the hub asks for them."""

import asyncio

from agent.link.loglines import KEPT_LINES, LONGEST_LINE, MOST_LINES, LogLines
from shared.messages import LOG_CHARACTERS, Message, RequestLogs, ResponseLogs
from tests.support.waiting import wait_until


class Told:
    """The log of a worker, and what it has said."""

    def __init__(self, *lines: str) -> None:
        self.said: list[Message] = []
        self.logs = LogLines("w1", self.said.append)
        self.write(*lines)

    def write(self, *lines: str) -> None:
        for line in lines:
            self.logs.add(line)

    def ask(self, after: str | None = None, lines: int = 100, wait_s: float = 0) -> None:
        self.logs.asked(
            RequestLogs(worker_id="w1", request_id="r1", lines=lines, after=after, wait_s=wait_s)
        )

    def answer(self, after: str | None = None, lines: int = 100) -> ResponseLogs:
        self.ask(after, lines)
        return self.last

    @property
    def last(self) -> ResponseLogs:
        told = self.said[-1]
        assert isinstance(told, ResponseLogs)
        return told


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def test_without_an_engine_there_are_no_lines() -> None:
    told = Told().answer()
    assert (told.worker_id, told.request_id, told.lines, told.skipped) == ("w1", "r1", (), 0)


def test_the_newest_lines_are_told_and_what_comes_behind_them() -> None:
    log = Told("a", "b", "c")
    first = log.answer(lines=2)
    assert (first.lines, first.skipped) == (("b", "c"), 0)
    assert log.answer(first.mark).lines == ()
    log.write("d", "e")
    assert log.answer(first.mark, lines=1).lines == ("d",)
    assert log.answer(log.last.mark).lines == ("e",)


def test_who_reads_slowly_hears_how_many_lines_are_lost() -> None:
    log = Told("a")
    first = log.answer()
    log.write(*numbered(KEPT_LINES + 7))
    told = log.answer(first.mark, lines=3)
    assert (told.lines, told.skipped) == (("line 7", "line 8", "line 9"), 7)
    assert (log.answer(told.mark, lines=1).lines, log.last.skipped) == (("line 10",), 0)


def test_of_an_agent_before_this_one_nobody_knows_what_is_lost() -> None:
    before = Told("a").answer().mark
    for mark in (before, "what is that"):
        told = Told("b", "c").answer(mark)
        assert (told.lines, told.skipped) == (("b", "c"), None)


def test_a_mark_beyond_the_end_is_the_end() -> None:
    log = Told("a")
    run = str(log.answer().mark).partition("-")[0]
    assert (log.answer(f"{run}-99").lines, log.answer(f"{run}-x").lines) == ((), ("a",))


def test_an_answer_has_bounds() -> None:
    log = Told("first", *("x" * 2000 for _ in range(KEPT_LINES - 1)))
    room = LOG_CHARACTERS // (LONGEST_LINE + 1)
    told = log.answer(lines=10**6)
    assert (len(told.lines), {len(line) for line in told.lines}) == (room, {LONGEST_LINE})
    assert log.answer(told.mark).lines == ()
    run = str(told.mark).partition("-")[0]
    assert (log.answer(f"{run}-0", MOST_LINES).lines[0], len(log.last.lines)) == ("first", room + 1)
    assert len(Told("a", "b").answer(lines=-3).lines) == 1


async def test_a_question_waits_for_the_next_line() -> None:
    log = Told("a")
    mark = log.answer().mark
    before = len(log.said)
    log.ask(mark, wait_s=60)
    assert len(log.said) == before
    log.write("b", "c")
    assert (log.last.lines, len(log.said)) == (("b",), before + 1)
    log.ask(log.last.mark, wait_s=60)
    assert log.last.lines == ("c",)


async def test_a_question_does_not_wait_for_ever() -> None:
    log = Told("a")
    mark = log.answer().mark
    before = len(log.said)
    log.ask(mark, wait_s=0.01)
    async with asyncio.timeout(20):
        await wait_until(lambda: len(log.said) > before)
    assert (log.last.lines, log.last.mark) == ((), mark)


def test_whoever_has_a_strange_mark_is_not_kept_waiting() -> None:
    log = Told()
    log.ask("ff-0", wait_s=60)
    assert (log.last.lines, log.last.skipped) == ((), None)


async def test_what_was_asked_on_another_connection_is_not_answered() -> None:
    log = Told("a")
    log.ask(log.answer().mark, wait_s=60)
    log.logs.forget()
    before = len(log.said)
    log.write("b")
    assert len(log.said) == before
