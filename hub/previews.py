"""The latest small picture of each running job, in memory: it is worth nothing afterwards."""

import base64
from collections import OrderedDict

from attrs import define, field, frozen

from shared.messages import Picture

LARGEST = 128 * 1024
"""Bytes of the largest preview."""
KEPT = 256
TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})


class PreviewError(ValueError):
    """Not a preview; the message names the field and what is accepted."""


@frozen
class Preview:
    """A picture, ready to be served."""

    mime_type: str
    content: bytes


@define
class Previews:
    """At most `KEPT` previews; the one that was not renewed for longest goes first."""

    _by_job: "OrderedDict[str, Preview]" = field(factory=OrderedDict[str, Preview], init=False)

    def put(self, job_id: str, picture: Picture) -> None:
        """Keep the picture as the job's preview. Raises `PreviewError`."""
        self._by_job[job_id] = _decoded(picture)
        self._by_job.move_to_end(job_id)
        if len(self._by_job) > KEPT:
            self._by_job.popitem(last=False)

    def get(self, job_id: str) -> Preview | None:
        """The job's preview, or None."""
        return self._by_job.get(job_id)

    def drop(self, job_id: str) -> None:
        """The job has ended."""
        self._by_job.pop(job_id, None)


def _decoded(picture: Picture) -> Preview:
    if picture.mime_type not in TYPES:
        raise PreviewError(f"preview.mime_type: expected one of {', '.join(sorted(TYPES))}")
    if len(picture.content) > LARGEST * 4 // 3 + 4:
        raise PreviewError(f"preview.content: at most {LARGEST} bytes")
    try:
        return Preview(picture.mime_type, base64.b64decode(picture.content, validate=True))
    except ValueError as problem:
        raise PreviewError(f"preview.content: not base64 ({problem})") from problem
