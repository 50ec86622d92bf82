"""What a worker tells of its files of models."""

from hub.sessions.desk import ReportError
from hub.sessions.worker import WorkerSession
from shared.digests import SHA256
from shared.messages import MAX_MODEL_FILES, MODELS_AT_ONCE, ModelFile, WorkerModels

LONGEST_NAME = 1000


async def stock(session: WorkerSession, message: WorkerModels) -> None:
    """Keep it, for whoever asks for the worker. Raises `ReportError`."""
    if len(message.files) + len(message.gone) > MODELS_AT_ONCE:
        raise ReportError(f"files: at most {MODELS_AT_ONCE} in a message, with those that are gone")
    for each in message.files:
        _check(each)
    said = await session.desk.workers.stock(
        session.worker_id, message.files, message.gone, anew=message.anew
    )
    if said == "full":
        raise ReportError(f"files: a worker may tell of {MAX_MODEL_FILES} files, and no more")


def _check(file: ModelFile) -> None:
    if not 0 < len(file.name) <= LONGEST_NAME:
        raise ReportError(f"files.name: 1 to {LONGEST_NAME} characters")
    if file.size_bytes < 0:
        raise ReportError(f"files.size_bytes: expected 0 or more, got {file.size_bytes}")
    if file.sha256 is not None and not SHA256.fullmatch(file.sha256):
        raise ReportError("files.sha256: expected 64 hexadecimal digits in lower case")
