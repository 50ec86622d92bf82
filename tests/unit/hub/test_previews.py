"""The latest picture of each job, bounded."""

import base64

import pytest

from hub.previews import KEPT, LARGEST, Preview, PreviewError, Previews
from shared.messages import Picture


def picture(content: bytes = b"pixels", mime_type: str = "image/png") -> Picture:
    return Picture(mime_type=mime_type, content=base64.b64encode(content).decode())


def test_the_latest_picture_is_kept() -> None:
    previews = Previews()
    assert previews.get("job") is None
    previews.put("job", picture(b"first"))
    previews.put("job", picture(b"second", "image/webp"))
    assert previews.get("job") == Preview("image/webp", b"second")


def test_a_job_that_ended_has_none() -> None:
    previews = Previews()
    previews.put("job", picture())
    previews.drop("job")
    previews.drop("job")
    assert previews.get("job") is None


def test_the_job_that_was_silent_for_longest_loses_its_picture() -> None:
    previews = Previews()
    for number in range(KEPT):
        previews.put(f"job-{number}", picture())
    previews.put("job-0", picture())
    previews.put("one-more", picture())
    assert previews.get("job-0")
    assert previews.get("one-more")
    assert previews.get("job-1") is None
    assert previews.get("job-2")


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", ""])
def test_a_type_that_could_run_in_a_browser_is_refused(mime_type: str) -> None:
    with pytest.raises(PreviewError, match="image/jpeg, image/png, image/webp"):
        Previews().put("job", picture(mime_type=mime_type))


def test_a_picture_may_be_as_large_as_the_limit_and_no_larger() -> None:
    previews = Previews()
    previews.put("job", picture(b"x" * LARGEST))
    with pytest.raises(PreviewError, match=rf"preview\.content: at most {LARGEST} bytes"):
        previews.put("job", picture(b"x" * (LARGEST + 3)))


@pytest.mark.parametrize("content", ["a", "?!?!", "abc", "\u00e4\u00e4\u00e4\u00e4"])
def test_what_is_no_base64_is_refused(content: str) -> None:
    with pytest.raises(PreviewError, match=r"preview\.content: not base64"):
        Previews().put("job", Picture(mime_type="image/png", content=content))
