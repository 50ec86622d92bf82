import pytest

from tests.bench.codec import codec
from tests.bench.monitor import ASKED, monitors

pytestmark = pytest.mark.redis


async def test_a_message_and_its_frame_are_timed() -> None:
    measured = await codec()

    assert 0 < measured.codec_us < 10_000
    assert 0 < measured.echo_us < 10_000


async def test_what_monitors_hear_is_weighed() -> None:
    heard = await monitors(0.5, workers=2, jobs=200)

    assert [each.asked for each in heard] == list(ASKED)
    assert all(each.broadcasts and each.kb_a_second > 0 for each in heard)
