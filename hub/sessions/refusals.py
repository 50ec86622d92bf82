"""What a worker may not say, and what is done instead."""

import re

from hub.sessions.desk import ReportError
from shared.messages import MAX_SLOTS

PEER_ID = re.compile(r"[\w.:@/-]{1,128}", re.ASCII)
ID_RULE = "expected 1 to 128 letters, digits or any of _ . : @ / -, without spaces"
LARGEST_RESULT = 1024 * 1024
"""Characters of the largest result; anything larger belongs into a file."""


def check_registration(worker_id: str, slots: int) -> None:
    """Raises `ReportError` for a worker that cannot be."""
    if not PEER_ID.fullmatch(worker_id):
        raise ReportError(f"worker_id: {ID_RULE}")
    if not 1 <= slots <= MAX_SLOTS:
        raise ReportError(f"slots: expected 1 to {MAX_SLOTS}, got {slots}")
