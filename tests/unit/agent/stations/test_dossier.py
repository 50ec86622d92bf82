"""The dossier of each class of failure."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agent.engines.log_ring import LogRing
from agent.inventory import Gpu
from agent.stations.dossier import LOG_LINES, SUGGESTIONS, documented
from shared.jobs import Failure
from shared.states import ErrorClass

GPU = Gpu(index=0, uuid="GPU-1", name="H100", memory_gb=80, compute_capability=9.0)
LOAD = {"memory_used_gb": 79.5, "temperature_c": 61}


def engine(name: str, *lines: str) -> Any:
    log = LogRing()
    log.write("".join(f"{line}\n" for line in lines))
    return SimpleNamespace(name=name, last_lines=log.last)


def dossier(
    failure: Failure, *engines: Any, gpu: Gpu | None = GPU, xids: Sequence[int] = ()
) -> dict[str, Any]:
    return documented(failure, gpu, engines, xids, lambda _gpu: LOAD).details


GOLDEN: list[tuple[ErrorClass, str]] = [
    (ErrorClass.VALIDATION, "Correct the payload"),
    (ErrorClass.MISSING_MODEL, "requirements.models"),
    (ErrorClass.MISSING_NODE, "requirements.custom_nodes"),
    (ErrorClass.OUT_OF_MEMORY, "requirements.hardware.gpu_memory_gb"),
    (ErrorClass.CUDA, "see the log for the first CUDA error, and xid"),
    (ErrorClass.ENGINE_CRASH, "started anew"),
    (ErrorClass.HANG, "more patience"),
    (ErrorClass.NETWORK, "credentials"),
    (ErrorClass.TIMEOUT, "timeout_minutes"),
    (ErrorClass.LOST, "tried again elsewhere"),
    (ErrorClass.INTERNAL, "traceback"),
]


@pytest.mark.parametrize(("error_class", "advice"), GOLDEN)
def test_every_class_has_its_dossier(error_class: ErrorClass, advice: str) -> None:
    told = {"node": "3", "class_type": "KSampler"}
    failure = Failure(error="broke", error_class=error_class, details=told)
    found = dossier(failure, engine("comfyui", "one", "two"), xids=[31, 43, 31])
    assert advice.lower() in found.pop("suggestion").lower()
    assert found.pop("log", None) == (
        None if error_class is ErrorClass.VALIDATION else ["one", "two"]
    )
    assert found == {**told, "gpu": LOAD, "xid": [31, 43]}


def test_no_class_is_forgotten() -> None:
    assert set(SUGGESTIONS) == set(ErrorClass) == {error_class for error_class, _ in GOLDEN}


def test_without_gpu_and_engine_there_is_the_suggestion_alone() -> None:
    assert dossier(Failure(error="x"), gpu=None).keys() == {"suggestion"}


def test_the_newest_lines_are_kept_and_cut() -> None:
    lines = [f"{number} {'x' * 600}" for number in range(300)]
    log = dossier(Failure(error="x"), engine("comfyui", *lines))["log"]
    assert len(log) == LOG_LINES
    assert log[-1].startswith("299 ")
    assert {len(line) for line in log} == {500}


def test_lines_of_several_engines_are_told_apart() -> None:
    log = dossier(Failure(error="x"), engine("comfyui", "a"), engine("a1111", "b"))["log"]
    assert log == ["comfyui: a", "a1111: b"]
