"""Faults that a simulated job asks for."""

import asyncio
from typing import Any

import pytest

from agent.connectors.base import ConnectorError, OutputFile, Result, Work
from agent.connectors.simulation import Simulation, SimulationSettings
from agent.connectors.simulation_faults import KINDS, Fault
from shared.states import ErrorClass
from tests.support.reports import Reports

GRAPH: dict[str, Any] = {"9": {"class_type": "SaveImage", "inputs": {}}}
QUICK = {"processing_time_s": 0.01, "steps": 2, "failure_rate": 0}


async def run(fault: Any, attempt: int = 1, **payload: Any) -> Result:
    payload["simulation"] = QUICK | {"fault": fault}
    work = Work(job_id="j", attempt=attempt, type="simulation", payload=payload)
    return await Simulation(SimulationSettings()).run(work, Reports())


CLASSES = [
    ("fail", ErrorClass.INTERNAL),
    ("crash", ErrorClass.ENGINE_CRASH),
    ("oom", ErrorClass.OUT_OF_MEMORY),
    ("cuda", ErrorClass.CUDA),
    ("missing_model", ErrorClass.MISSING_MODEL),
]


@pytest.mark.parametrize(("kind", "error_class"), CLASSES)
async def test_failures_have_their_class(kind: str, error_class: ErrorClass) -> None:
    with pytest.raises(ConnectorError) as caught:
        await run(kind)
    assert caught.value.error_class is error_class


async def test_a_fault_can_be_of_the_first_attempts_alone() -> None:
    fault = {"kind": "oom", "attempts": 2}
    with pytest.raises(ConnectorError):
        await run(fault, attempt=2)
    assert (await run(fault, attempt=3)).data["steps"] == 2


async def test_a_hang_lasts_until_it_is_cancelled() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run("hang"), 0.1)


async def test_slow_takes_longer() -> None:
    began = asyncio.get_running_loop().time()
    await run({"kind": "slow", "factor": 20})
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_wrong_result_is_handed_in_as_if_it_were_right() -> None:
    assert (await run("wrong_result")).data["steps"] == -1
    (right,) = (await run(None, workflow=GRAPH)).files
    (wrong,) = (await run("wrong_result", workflow=GRAPH)).files
    assert isinstance(right.content, bytes)
    assert wrong.content == right.content[: len(right.content) // 2]


def test_only_a_wrong_result_is_spoiled(tmp_path: Any) -> None:
    result = Result(files=(OutputFile(filename="a", mime_type="x/y", content=tmp_path),))
    assert Fault(kind="slow").spoiled(result) is result
    assert Fault(kind="wrong_result").spoiled(result).files == result.files


@pytest.mark.parametrize("fault", ["burn", 7, {"kind": "oom", "attempts": 0}, {"when": "now"}])
async def test_an_unknown_fault_is_refused(fault: Any) -> None:
    with pytest.raises(ConnectorError, match=r"simulation\.fault must be one of fail, ") as caught:
        await run(fault)
    assert caught.value.error_class is ErrorClass.VALIDATION
    assert "wrong_result" in KINDS
