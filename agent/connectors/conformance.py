"""Whether a connector keeps what `base.Connector` promises.

    python -m agent.connectors.conformance my_connector.py payload.json

runs the payload with the connector, well, badly and cancelled, and says what is wrong with it.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.connectors.base import (
    Connector,
    ConnectorError,
    OutputFile,
    Progress,
    Result,
    Work,
)
from agent.connectors.own import load
from shared.wire import dump_json

CANCEL_S = 30.0  # that an attempt may take to stop


class ConformanceError(AssertionError):
    """What the connector does against its promise, a line each."""


async def check(connector: Connector, payload: dict[str, Any]) -> None:
    """Put a connector that is not open through its paces with a payload that works.

    Raises `ConformanceError` naming all that is wrong.
    """
    faults = [*_outside(connector)]
    await connector.open()
    try:
        offer = await connector.offer()
        if not offer.services or not all(offer.services):
            faults.append("offer: services must name at least one type of job")
        job_type = offer.services[0] if offer.services else connector.name
        faults += await _good(connector, _work(job_type, payload))
        faults += await _bad(connector, _work(job_type, {"no such": {"thing": None}}))
        faults += await _cancelled(connector, _work(job_type, payload))
        faults += [
            f"after a cancelled one, {each}"
            for each in await _good(connector, _work(job_type, payload))
        ]
    finally:
        await connector.close()
    if faults:
        raise ConformanceError("\n".join(faults))


def _work(job_type: str, payload: dict[str, Any]) -> Work:
    return Work(job_id="conformance", attempt=1, type=job_type, payload=payload)


def _outside(connector: Connector) -> Iterator[str]:
    if not connector.name:
        yield "name: a text is needed"
    if connector.slots < 1:
        yield "slots: at least 1 is needed"


async def _good(connector: Connector, work: Work) -> list[str]:
    seen: list[Progress] = []
    try:
        result = await connector.run(work, seen.append)
    except Exception as error:  # noqa: BLE001 - to be told, whatever it is
        return [f"run: the payload that works failed with {type(error).__name__}: {error}"]
    faults = [*_result(result), *_progress(seen)]
    result.discard()
    return faults


async def _bad(connector: Connector, work: Work) -> list[str]:
    try:
        result = await connector.run(work, lambda _progress: None)
    except ConnectorError as error:
        return [] if error.message else ["run: a ConnectorError needs a message"]
    except Exception as error:  # noqa: BLE001 - to be told, whatever it is
        return [f"run: a bad payload must end in ConnectorError, not {type(error).__name__}"]
    result.discard()  # some take anything
    return []


async def _cancelled(connector: Connector, work: Work) -> list[str]:
    began = asyncio.Event()
    running = asyncio.ensure_future(connector.run(work, lambda _progress: began.set()))
    waiting = asyncio.ensure_future(began.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    running.cancel()
    await asyncio.wait({running}, timeout=CANCEL_S)
    if not running.done():
        return [f"run: it has not stopped {CANCEL_S:g} s after its cancellation"]
    if running.cancelled():
        return []
    error = running.exception()
    if error is None:
        running.result().discard()  # it was done before it could be cancelled
        return []
    return [f"run: a cancelled attempt must raise CancelledError, not {type(error).__name__}"]


def _result(result: Result) -> Iterator[str]:
    try:
        dump_json(result.data)
    except (TypeError, ValueError) as error:
        yield f"run: Result.data is not JSON: {error}"
    for file in result.files:
        yield from _file(file)


def _file(file: OutputFile) -> Iterator[str]:
    if not file.filename or "/" in file.filename or "\\" in file.filename:
        yield f"run: {file.filename!r} is no bare name of a file"
    if "/" not in file.mime_type:
        yield f"run: {file.filename}: {file.mime_type!r} is no media type"
    if isinstance(file.content, Path) and not file.content.is_file():
        yield f"run: {file.filename}: there is no {file.content}"


def _progress(seen: list[Progress]) -> Iterator[str]:
    percents = [progress.percent for progress in seen]
    if any(not 0 <= percent <= 100 for percent in percents):  # noqa: PLR2004 - percent
        yield f"run: progress must be from 0 to 100, got {percents}"
    if percents != sorted(percents):
        yield f"run: progress must not fall, got {percents}"


def main(path: str, payload: str) -> None:
    """Check the connector of a file with the payload of another."""
    asyncio.run(check(load(path), json.loads(Path(payload).read_text())))
    print(f"{path} keeps the promise of a connector")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
