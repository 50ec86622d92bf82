"""An attempt's progress on its way to the hub: the latest, and not too often."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from attrs import define, field

from agent.connectors.base import Preview, Progress
from shared.messages import JobAssigned, Picture, UpdateJobProgress

log = logging.getLogger(__name__)

INTERVAL_S = 0.1
MAX_PREVIEW_BYTES = 128 * 1024


@define
class ProgressFeed:
    """Takes an attempt's progress at any rate and sends the latest at most every `interval_s`."""

    _job: JobAssigned
    _send: Callable[[UpdateJobProgress], None]
    _interval_s: float = INTERVAL_S
    _waiting: Progress | None = field(default=None, init=False)
    _pause: asyncio.TimerHandle | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def report(self, progress: Progress) -> None:
        """Send `progress` now, or at the end of the pause unless something newer comes."""
        if self._closed:
            return
        if self._pause is not None:
            self._waiting = progress
            return
        self._send(_message(self._job, progress))
        self._pause = asyncio.get_running_loop().call_later(self._interval_s, self._resume)

    def close(self) -> None:
        """The attempt has ended: what comes or waits now is out of date."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()

    def _resume(self) -> None:
        self._pause = None
        latest, self._waiting = self._waiting, None
        if latest is not None:
            self.report(latest)


def _message(job: JobAssigned, progress: Progress) -> UpdateJobProgress:
    return UpdateJobProgress(
        job_id=job.job_id,
        worker_id=job.worker_id,
        progress=progress.percent,
        message=progress.message or None,
        details=_details(progress) or None,
        preview=_picture(job, progress.preview),
        attempt=job.attempt,
        lease=job.lease,
    )


def _details(progress: Progress) -> dict[str, Any]:
    named = {name: getattr(progress, name) for name in ("node", "node_title", "step", "steps")}
    return {name: value for name, value in named.items() if value is not None}


def _picture(job: JobAssigned, preview: Preview | None) -> Picture | None:
    if preview is None:
        return None
    if len(preview.content) > MAX_PREVIEW_BYTES:
        log.warning(
            "job %s: a preview of %d bytes is left out, at most %d are sent",
            job.job_id,
            len(preview.content),
            MAX_PREVIEW_BYTES,
        )
        return None
    return Picture(mime_type=preview.mime_type, content=b64encode(preview.content).decode())
