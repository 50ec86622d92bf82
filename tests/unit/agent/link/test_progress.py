"""An attempt's progress on its way to the hub."""

import asyncio
from base64 import b64decode

import pytest

from agent.connectors.base import Preview, Progress
from agent.link.progress import MAX_PREVIEW_BYTES, ProgressFeed
from shared.messages import UpdateJobProgress
from tests.fakes.hub import assignment


class Feed:
    """A feed and what came out of it."""

    def __init__(self, interval_s: float = 0.01) -> None:
        self.sent: asyncio.Queue[UpdateJobProgress] = asyncio.Queue()
        self.feed = ProgressFeed(assignment(attempt=2), self.sent.put_nowait, interval_s)

    def report(self, percent: float) -> None:
        self.feed.report(Progress(percent=percent))

    async def percent(self) -> float:
        return (await self.sent.get()).progress


async def test_the_first_progress_is_sent_at_once() -> None:
    feed = Feed()
    feed.report(0)
    assert feed.sent.get_nowait().progress == 0


async def test_of_many_reports_the_first_and_the_latest_are_sent() -> None:
    feed = Feed()
    for percent in range(100):
        feed.report(percent)
    assert [await feed.percent(), await feed.percent()] == [0, 99]
    assert feed.sent.empty()


async def test_no_two_are_sent_within_the_interval() -> None:
    feed = Feed(interval_s=0.02)
    clock = asyncio.get_running_loop().time
    at: list[float] = []
    for percent in range(4):
        feed.report(percent)
        feed.report(percent)
        await feed.percent()
        at.append(clock())
    # Timers of the loop may be early by its clock's resolution.
    assert at[-1] - at[0] >= 3 * 0.02 - 0.005


async def test_after_a_quiet_interval_the_next_is_sent_at_once() -> None:
    feed = Feed()
    feed.report(1)
    quiet = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, quiet.set)
    await quiet.wait()
    await feed.percent()
    feed.report(2)
    assert feed.sent.get_nowait().progress == 2


async def test_nothing_is_sent_once_the_attempt_has_ended() -> None:
    feed = Feed()
    feed.report(1)
    feed.report(2)
    feed.feed.close()
    feed.report(3)
    assert await feed.percent() == 1
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, passed.set)
    await passed.wait()
    assert feed.sent.empty()


async def test_a_feed_that_said_nothing_can_be_closed() -> None:
    feed = Feed()
    feed.feed.close()
    feed.report(1)
    assert feed.sent.empty()


async def test_a_message_names_the_attempt_and_what_is_known_of_it() -> None:
    feed = Feed()
    preview = Preview(mime_type="image/jpeg", content=b"picture")
    feed.feed.report(
        Progress(percent=12.5, message="sampling", node="3", step=2, steps=8, preview=preview)
    )
    message = feed.sent.get_nowait()
    assert (message.job_id, message.worker_id) == ("job-1", "w1")
    assert (message.attempt, message.lease) == (2, "lease-of-job-1")
    assert (message.progress, message.message) == (12.5, "sampling")
    assert message.details == {"node": "3", "step": 2, "steps": 8}
    assert message.preview is not None
    assert message.preview.mime_type == "image/jpeg"
    assert b64decode(message.preview.content) == b"picture"


async def test_what_is_not_known_is_left_out() -> None:
    feed = Feed()
    feed.report(1)
    message = feed.sent.get_nowait()
    assert (message.message, message.details, message.preview) == (None, None, None)


@pytest.mark.parametrize(("extra", "is_sent"), [(0, True), (1, False)])
async def test_a_preview_that_is_too_big_is_dropped_with_a_word(
    extra: int, *, is_sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Feed()
    content = bytes(MAX_PREVIEW_BYTES + extra)
    feed.feed.report(Progress(percent=1, preview=Preview(mime_type="image/png", content=content)))
    assert (feed.sent.get_nowait().preview is not None) == is_sent
    assert ("preview" in caplog.text) != is_sent
