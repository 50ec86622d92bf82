"""One attempt, from the assignment to its outcome."""

import asyncio
import logging
from typing import Any

import pytest

from agent.connectors.base import ConnectorError, OutputFile, Progress, Report, Result, Work
from agent.runner import Keeping, Outcome, Runner, Succeeded
from shared.jobs import Failure
from shared.states import ErrorClass
from tests.fakes.connector import ScriptedConnector, no_inputs, upload
from tests.fakes.hub import assignment


async def refuse(file: OutputFile) -> dict[str, Any]:
    raise ConnectorError(f"could not upload {file.filename}", error_class=ErrorClass.NETWORK)


def ignore(_: Progress) -> None:
    pass


@pytest.fixture
async def connector() -> ScriptedConnector:
    return ScriptedConnector()


@pytest.fixture
async def runner(connector: ScriptedConnector) -> Runner:
    return Runner({"scripted": connector}, upload, no_inputs)


async def test_a_result_without_files_is_handed_in_as_it_is(
    runner: Runner, connector: ScriptedConnector
) -> None:
    connector.finish("job-1", Result(data={"seed": 2**70}))
    assert await runner.run(assignment(), ignore) == Succeeded({"seed": 2**70})


async def test_the_connector_sees_the_attempt_and_its_payload(
    runner: Runner, connector: ScriptedConnector
) -> None:
    connector.finish("job-1")
    await runner.run(assignment(attempt=3, params={"prompt": {}}), ignore)
    assert connector.works["job-1"] == Work(
        job_id="job-1", attempt=3, type="scripted", payload={"prompt": {}}
    )


async def test_files_are_uploaded_in_order_and_named_in_the_result(
    runner: Runner, connector: ScriptedConnector
) -> None:
    files = tuple(
        OutputFile(filename=name, mime_type="image/png", content=b"") for name in ("b", "a")
    )
    connector.finish("job-1", Result(data={"seed": 1}, files=files))
    assert await runner.run(assignment(), ignore) == Succeeded(
        {"seed": 1, "files": [{"filename": "b"}, {"filename": "a"}]}
    )


async def test_what_the_service_keeps_goes_once_the_outcome_is_kept(
    runner: Runner, connector: ScriptedConnector
) -> None:
    events: list[Outcome | str] = []
    keeping = Keeping(notes={"id": "p"}, end=events.append)
    running = asyncio.create_task(runner.run(assignment(), ignore, keeping))
    await connector.started("job-1")
    work = connector.works["job-1"]
    assert work.notes == {"id": "p"}
    work.afterwards(lambda: events.append("cleaned"))
    connector.finish("job-1")
    await running
    assert events == [Succeeded({}), "cleaned"]


async def test_what_the_service_keeps_goes_when_the_attempt_is_stopped(
    runner: Runner, connector: ScriptedConnector
) -> None:
    events: list[Outcome | str] = []
    running = asyncio.create_task(runner.run(assignment(), ignore, Keeping(end=events.append)))
    await connector.started("job-1")
    connector.works["job-1"].afterwards(lambda: events.append("cleaned"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert events == ["cleaned"]


async def test_the_start_is_reported_before_the_connector_runs(
    connector: ScriptedConnector,
) -> None:
    seen: list[tuple[Progress, bool]] = []
    connector.finish("job-1")
    await Runner({"scripted": connector}, upload, no_inputs).run(
        assignment(), lambda progress: seen.append((progress, "job-1" in connector.works))
    )
    assert seen == [(Progress(percent=0), False)]


async def test_the_deadline_stops_the_connector_and_is_worth_a_retry(
    runner: Runner, connector: ScriptedConnector
) -> None:
    outcome = await runner.run(assignment(timeout_s=0.01), ignore)
    assert outcome == Failure(
        error="timeout: not finished after 0.01 s", error_class=ErrorClass.TIMEOUT
    )
    assert connector.stopped == ["job-1"]


async def test_a_connector_that_breaks_while_the_deadline_stops_it_has_timed_out() -> None:
    class Breaks(ScriptedConnector):
        async def run(self, work: Work, report: Report) -> Result:
            try:
                return await super().run(work, report)
            except asyncio.CancelledError:
                raise ConnectorError("the engine does not stop") from None

    outcome = await Runner({"scripted": Breaks()}, upload, no_inputs).run(
        assignment(timeout_s=0.01), ignore
    )
    assert isinstance(outcome, Failure)
    assert outcome.error_class is ErrorClass.TIMEOUT


async def test_a_timeout_inside_the_connector_is_not_the_deadline(
    runner: Runner, connector: ScriptedConnector
) -> None:
    connector.fail("job-1", TimeoutError("the engine is slow"))
    assert await runner.run(assignment(timeout_s=60), ignore) == Failure(
        error="TimeoutError: the engine is slow", error_class=ErrorClass.INTERNAL
    )


@pytest.mark.parametrize("error_class", list(ErrorClass))
async def test_a_failure_keeps_its_class_which_decides_about_a_retry(
    runner: Runner, connector: ScriptedConnector, error_class: ErrorClass
) -> None:
    details = {"node": "7"}
    connector.fail("job-1", ConnectorError("no", error_class=error_class, details=details))
    assert await runner.run(assignment(), ignore) == Failure(
        error="no", error_class=error_class, retryable=error_class.is_retryable, details=details
    )


async def test_what_breaks_a_connector_is_logged_with_its_traceback(
    runner: Runner, connector: ScriptedConnector, caplog: pytest.LogCaptureFixture
) -> None:
    connector.fail("job-1", KeyError("images"))
    assert await runner.run(assignment(), ignore) == Failure(error="KeyError: 'images'")
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert "job-1" in record.getMessage()


async def test_an_unknown_job_type_is_refused_with_what_is_served() -> None:
    runner = Runner({"b": ScriptedConnector(), "a": ScriptedConnector()}, upload, no_inputs)
    assert await runner.run(assignment(job_type="c"), ignore) == Failure(
        error="job_type 'c' is not served here; this worker serves a, b",
        error_class=ErrorClass.VALIDATION,
        retryable=False,
    )


async def test_a_file_that_cannot_be_uploaded_fails_the_attempt(
    connector: ScriptedConnector,
) -> None:
    file = OutputFile(filename="a.png", mime_type="image/png", content=b"")
    connector.finish("job-1", Result(files=(file,)))
    assert await Runner({"scripted": connector}, refuse, no_inputs).run(
        assignment(), ignore
    ) == Failure(error="could not upload a.png", error_class=ErrorClass.NETWORK)


@pytest.mark.parametrize("value", [float("nan"), object()])
async def test_a_result_that_is_not_json_fails_the_attempt(
    runner: Runner, connector: ScriptedConnector, value: object
) -> None:
    connector.finish("job-1", Result(data={"value": value}))
    outcome = await runner.run(assignment(), ignore)
    assert isinstance(outcome, Failure)
    assert "JSON" in outcome.error


async def test_cancellation_passes_through_the_connector(
    runner: Runner, connector: ScriptedConnector
) -> None:
    attempt = asyncio.create_task(runner.run(assignment(), ignore))
    await connector.started("job-1")
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert connector.stopped == ["job-1"]
