"""The GPUs as the real pynvml tells them of a stand-in library, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.nvml import presets
from tests.fakes.nvml.presets import LOST, Machine, h100, machine, rtx4090

ASK = """
import json, logging, sys
logging.basicConfig(level=logging.INFO)
from agent.inventory import announce, find_hardware, survey, system_info
from shared.wire import unstructure
found = survey()
announce(found)
json.dump(unstructure({
    "survey": found,
    "hardware": [find_hardware(gpu) for gpu in found.gpus or [None]],
    "load": [system_info(gpu) for gpu in found.gpus or [None]],
    "labels": [gpu.label for gpu in found.gpus],
}), sys.stdout)
"""
WATCH = """
import asyncio, sys
from agent.inventory import survey, watch_faults
def report(fault):
    print(fault.card, fault.xid, fault.lasts, fault.problem, flush=True)
async def main():
    watching = asyncio.create_task(watch_faults(survey().gpus, report))
    await asyncio.sleep(0)
    print("watching", flush=True)
    await watching
asyncio.run(main())
"""


@pytest.fixture
def here(nvml: Path, tmp_path: Path) -> dict[str, Path]:
    return {"library": nvml, "machine": tmp_path / "machine.json"}


def ask(here: dict[str, Path], described: Machine | None) -> tuple[dict[str, Any], str]:
    """What the inventory finds on a machine, and what it logs."""
    environ: dict[str, str] = dict(os.environ)
    if described is not None:
        presets.write(described, here["machine"])
        environ = presets.environ(**here)
    asked = subprocess.run(
        [sys.executable, "-c", ASK], check=True, env=environ, capture_output=True, text=True
    )
    return json.loads(asked.stdout), asked.stderr


def test_eight_equal_gpus_are_told_one_by_one(here: dict[str, Path]) -> None:
    found, log = ask(here, presets.eight_h100())
    assert found["survey"]["driver"] == {"version": "570.86.10", "cuda": "12.8"}
    assert found["labels"] == [f"gpu{index}" for index in range(8)]
    third = found["survey"]["gpus"][3]
    assert third["uuid"] == third["card"] == f"GPU-{presets.uuid(3)}"
    assert (third["name"], third["memory_gb"]) == ("NVIDIA H100 80GB HBM3", 85.5)
    assert (third["compute_capability"], third["pci"]) == (9.0, "00000000:4B:00.0")
    assert found["hardware"][3]["gpu_count"] == 1
    load = found["load"][3]
    assert (load["gpu_usage"], load["gpu_temperature"], load["gpu_memory_usage"]) == (30, 34, 0)
    assert (load["gpu_power_w"], load["gpu_power_limit_w"]) == (72, 700)
    assert load["gpu_memory_free_gb"] == 85.5
    assert "no GPUs" not in log


def test_of_mixed_cards_each_worker_has_its_own(here: dict[str, Path]) -> None:
    found, _ = ask(here, machine(h100(0), rtx4090(1)))
    sizes = [(each["gpu_model"], each["gpu_memory_gb"]) for each in found["hardware"]]
    assert sizes == [("NVIDIA H100 80GB HBM3", 85.5), ("NVIDIA GeForce RTX 4090", 25.8)]
    assert [each["compute_capability"] for each in found["hardware"]] == [9.0, 8.9]
    assert found["load"][0]["gpu_ecc_uncorrected"] == 0
    assert "gpu_ecc_uncorrected" not in found["load"][1]


def test_the_slices_of_a_divided_card_stand_in_its_place(here: dict[str, Path]) -> None:
    found, _ = ask(here, presets.divided())
    assert found["labels"] == [f"gpu0-mig{number}" for number in range(4)]
    assert [each["gpu_memory_gb"] for each in found["hardware"]] == [42.4, 21.1, 10.5, 10.5]
    first, second = found["survey"]["gpus"][:2]
    assert (first["card"], first["uuid"][:4]) == (f"GPU-{presets.uuid(0)}", "MIG-")
    assert first["uuid"] != second["uuid"]
    assert found["load"][0]["gpu_processes"] == [{"pid": 4711, "memory_gb": 1.1}]
    assert found["load"][1]["gpu_processes"] == []
    assert found["load"][1]["gpu_temperature"] == 31
    assert "gpu_usage" not in found["load"][1]


def test_a_card_that_is_to_be_divided_and_is_not_is_left_out(here: dict[str, Path]) -> None:
    found, log = ask(here, machine(h100(0, mig=1, migs=[]), h100(1)))
    assert found["labels"] == ["gpu1"]
    assert "nvidia-smi mig" in found["survey"]["lost"][0]["problem"]
    assert "GPU 0 is left out" in log


def test_a_lost_gpu_is_left_out_and_the_others_count(here: dict[str, Path]) -> None:
    found, log = ask(here, machine(h100(0), h100(1, errors=LOST), h100(2)))
    assert found["labels"] == ["gpu0", "gpu2"]
    assert found["survey"]["lost"] == [{"index": 1, "problem": "GPU is lost"}]
    assert "GPU 1 is left out: GPU is lost" in log


def test_ecc_errors_are_told(here: dict[str, Path]) -> None:
    found, _ = ask(here, machine(h100(0, ecc_corrected=3, ecc_uncorrected=2)))
    load = found["load"][0]
    assert (load["gpu_ecc_corrected"], load["gpu_ecc_uncorrected"]) == (3, 2)


def test_what_a_gpu_does_not_tell_is_left_out_of_the_load(here: dict[str, Path]) -> None:
    found, _ = ask(here, machine(h100(0, errors={"nvmlDeviceGetTemperature": 3})))
    assert "gpu_temperature" not in found["load"][0]
    assert found["load"][0]["gpu_usage"] == 0


@pytest.mark.parametrize(
    ("described", "level", "problem"),
    [
        pytest.param(None, "INFO", None, id="no library"),
        pytest.param({"init_error": 9}, "INFO", None, id="driver not loaded"),
        pytest.param(
            {"init_error": 18},
            "WARNING",
            "RM has detected an NVML/RM version mismatch.",
            id="mismatch",
        ),
    ],
)
def test_without_a_driver_there_are_no_gpus_which_is_said_once(
    here: dict[str, Path], described: Machine | None, level: str, problem: str | None
) -> None:
    found, log = ask(here, described)
    assert (found["survey"]["gpus"], found["survey"]["problem"]) == ([], problem)
    assert found["hardware"][0]["gpu_count"] == 0
    assert found["hardware"][0]["cpu_cores"] >= 1
    assert not [name for name in found["load"][0] if name.startswith("gpu")]
    assert [line.split(":")[0] for line in log.splitlines() if "no GPUs" in line] == [level]


def test_faults_of_a_gpu_are_heard_while_it_works(here: dict[str, Path]) -> None:
    presets.write(presets.eight_h100(), here["machine"])
    with subprocess.Popen(
        [sys.executable, "-c", WATCH],
        env=presets.environ(**here),
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "watching\n"
        cards = [h100(index) for index in range(8)]
        cards[3] = h100(3, errors=LOST)
        events = [presets.xid(1, 2, 13), presets.xid(2, 3, 79), presets.xid(3, 5, 200)]
        double_bit = {"seq": 4, "gpu": 6, "type": 2, "data": 0}
        presets.write(machine(*cards, events=[*events, double_bit]), here["machine"])
        heard = [watching.stdout.readline().strip() for _ in range(4)]
        watching.kill()
    assert heard == [
        f"GPU-{presets.uuid(2)} 13 False XID 13: a program on the GPU did wrong",
        f"GPU-{presets.uuid(3)} 79 True XID 79: the GPU has fallen off the bus",
        f"GPU-{presets.uuid(5)} 200 True XID 200: an error of the GPU",
        f"GPU-{presets.uuid(6)} None True ECC: a memory error that cannot be corrected",
    ]
