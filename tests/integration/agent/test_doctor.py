"""Broken hosts: each is told by a message of its own, with what helps, and takes no job."""

import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from tests.fakes.hub import FakeHub
from tests.fakes.nvml import presets
from tests.fakes.nvml.presets import LOST, MIB, Machine, h100, machine
from tests.support.agents import Start, end
from tests.support.engines import Checkout


@frozen
class Place:
    """Where the broken host is laid out."""

    nvml: Path
    directory: Path

    def gpus(self, described: Machine) -> dict[str, str]:
        path = presets.write(described, self.directory / "machine.json")
        return {"LD_LIBRARY_PATH": str(self.nvml), "FAKE_NVML_JSON": str(path)}

    def comfyui(self, **changes: str) -> dict[str, str]:
        checkout = Checkout.make("comfyui", self.directory / "comfyui")
        return {
            "WORKER_CONNECTORS": "comfyui",
            "WORKER_COMFYUI_DIR": str(checkout.directory),
            "WORKER_COMFYUI_PYTHON": sys.executable,
        } | changes

    def torch(self, cuda: str) -> str:
        """A Python whose torch is built for this CUDA."""
        package = self.directory / "site" / "torch"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "version.py").write_text(f"cuda: Optional[str] = '{cuda}'\n")
        python = self.directory / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={package.parent} exec {sys.executable} "$@"\n')
        python.chmod(0o755)
        return str(python)


@pytest.fixture
def place(nvml: Path, tmp_path: Path) -> Place:
    return Place(nvml, tmp_path)


Break = Callable[[Place], dict[str, str]]

BROKEN: dict[str, tuple[Break, str, str]] = {
    "driver and library differ": (
        lambda place: place.gpus({"init_error": 18}),
        "driver: NVIDIA's driver does not answer: RM has detected an NVML/RM version mismatch",
        "reboot",
    ),
    "no driver for the GPU that is to work": (
        lambda _: {"WORKER_GPUS": "0"},
        "driver: GPU 0 is to work and there is no NVIDIA driver",
        "--gpus all",
    ),
    "uncorrected memory errors": (
        lambda place: place.gpus(machine(h100(0, ecc_uncorrected=2))),
        "gpu0 ECC: 2 memory errors that cannot be corrected",
        "--gpu-reset",
    ),
    "memory held by another program": (
        lambda place: (
            place.gpus(
                machine(h100(0, mem_used=80000 * MIB, procs=[{"pid": 4711, "mem": 80000 * MIB}]))
            )
            | {"WORKER_MIN_VRAM_GB": "20"}
        ),
        "gpu0 memory: 1.6 GB of 85.5 GB are free, 20 GB are needed; processes 4711",
        "nvidia-smi shows it",
    ),
    "too hot": (
        lambda place: place.gpus(machine(h100(0, temp=95))),
        "gpu0 heat: 95 °C before any work",
        "check fans",
    ),
    "disk full": (
        lambda _: {"WORKER_MIN_DISK_GB": "1000000"},
        " GB are free at ",
        "delete old outputs",
    ),
    "state folder cannot be written": (
        lambda _: {"WORKER_STATE_DIR": "/dev/null/state"},
        "disk: /dev/null/state cannot be written: Not a directory",
        "set WORKER_STATE_DIR",
    ),
    "engine's folder is another": (
        lambda place: place.comfyui(WORKER_COMFYUI_DIR=str(place.directory)),
        "main.py",
        "set WORKER_COMFYUI_DIR to the folder that holds main.py",
    ),
    "engine's Python is gone": (
        lambda place: place.comfyui(WORKER_COMFYUI_PYTHON="/nowhere/python"),
        "comfyui Python: /nowhere/python cannot be run",
        "set WORKER_COMFYUI_PYTHON",
    ),
    "torch is newer than the driver": (
        lambda place: (
            place.comfyui(WORKER_COMFYUI_PYTHON=place.torch("13.0")) | place.gpus(machine(h100(0)))
        ),
        "comfyui Python: torch is built for CUDA 13.0, the driver speaks up to 12.8",
        "update the driver",
    ),
    "no engine answers": (
        lambda _: {"WORKER_CONNECTORS": "comfyui", "COMFYUI_URL": "http://127.0.0.1:9"},
        "engine: comfyui: no ComfyUI answers at http://127.0.0.1:9",
        "start the engine",
    ),
    "a model is missing": (
        lambda _: {"WORKER_REQUIRED_MODELS": "flux.safetensors"},
        "required models: missing: flux.safetensors",
        "WORKER_REQUIRED_MODELS",
    ),
    "a node is missing": (
        lambda _: {"WORKER_REQUIRED_NODES": "KSampler"},
        "required nodes: missing: KSampler",
        "WORKER_REQUIRED_NODES",
    ),
    "the hub is away": (
        lambda _: {"HUB_URL": "http://127.0.0.1:9"},
        "hub: http://127.0.0.1:9 does not answer",
        "check HUB_URL",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_host_is_told_in_words(start: Start, place: Place, name: str) -> None:
    break_it, problem, remedy = BROKEN[name]
    environ = {"WORKER_STATE_DIR": str(place.directory / "state")} | break_it(place)
    code, output = await end(await start("doctor", **environ))
    failures = [line for line in output.splitlines() if line.startswith("  FAIL")]
    assert (code, len(failures)) == (6, 1), output
    assert problem in failures[0]
    assert remedy in output
    assert "\nnot fit for work\n" in output


async def test_a_clock_that_is_off_is_told(hub: FakeHub, start: Start, place: Place) -> None:
    hub.ahead_s = 3600
    state, began = str(place.directory), time.monotonic()
    code, output = await end(await start("doctor", WORKER_STATE_DIR=state))
    took_s = time.monotonic() - began
    assert code == 6
    (behind_s,) = re.findall(r"FAIL  clock: (\d+) s behind the hub's", output)
    assert 3600 - 1 - took_s <= int(behind_s) <= 3600  # the hub tells whole seconds
    assert "timedatectl" in output


async def test_a_port_range_that_is_taken_is_told(start: Start, place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        environ = place.comfyui(WORKER_COMFYUI_FIRST_PORT="65535")
        code, output = await end(await start("doctor", WORKER_STATE_DIR="/tmp", **environ))  # noqa: S108
    assert code == 6
    assert "FAIL  comfyui port: no port from 65535 to 65535 is free" in output


async def test_one_bad_gpu_leaves_the_others_fit(start: Start, place: Place) -> None:
    environ = place.gpus(machine(h100(0), h100(1, errors=LOST), h100(2, mig=1, migs=[])))
    state = str(place.directory)
    code, output = await end(await start("doctor", WORKER_STATE_DIR=state, **environ))
    assert code == 0, output
    assert "warn  gpu1: cannot be used: GPU is lost" in output
    assert "warn  gpu2: cannot be used: MIG is on" in output
    assert "ok    gpu0 ECC: no errors" in output


async def test_a_sound_machine_is_fit(start: Start, place: Place) -> None:
    environ = place.gpus(presets.eight_h100()) | place.comfyui(
        WORKER_COMFYUI_PYTHON=place.torch("12.4")
    )
    state = str(place.directory / "state")
    code, output = await end(await start("doctor", WORKER_STATE_DIR=state, **environ))
    assert (code, output.splitlines()[-1]) == (0, "fit for work"), output
    assert "torch for CUDA 12.4" in output
    assert "ok    hub: http://127.0.0.1:" in output


@pytest.mark.parametrize(
    "name",
    [
        *("uncorrected memory errors", "disk full", "state folder cannot be written"),
        *("no driver for the GPU that is to work", "no engine answers", "a model is missing"),
    ],
)
async def test_an_agent_that_is_not_fit_takes_no_job_and_says_why(
    hub: FakeHub, start: Start, place: Place, name: str
) -> None:
    break_it, problem, remedy = BROKEN[name]
    environ = {"WORKER_STATE_DIR": str(place.directory / "state")} | break_it(place)
    code, output = await end(await start("run", **environ))
    assert code == 5
    assert problem.removeprefix("engine: ") in output
    assert remedy.removesuffix(" the engine") in output
    assert "Traceback" not in output
