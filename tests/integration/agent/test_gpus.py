"""The GPUs as NVML tells them, asked of a stand-in library in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FAKE = Path(__file__).parents[2] / "fakes" / "nvml" / "fakenvml.c"
LIBRARY = "libnvidia-ml.so.1"
ASK = """
import json, logging, sys
logging.basicConfig(level=logging.INFO)
from agent.inventory import find_hardware, system_info
from shared.wire import unstructure
system_info()
json.dump({"hardware": unstructure(find_hardware()), "load": system_info()}, sys.stdout)
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the stand-in, built from its source."""
    directory = tmp_path_factory.mktemp("nvml")
    flags = ["-shared", "-fPIC", f"-Wl,-soname,{LIBRARY}", "-o", directory / LIBRARY]
    subprocess.run(["cc", *flags, FAKE], check=True)
    return directory


def h100(index: int, **changes: object) -> dict[str, object]:
    mib = 1 << 20
    return {
        "name": "NVIDIA H100 80GB HBM3",
        "uuid": f"GPU-{index}",
        "cc": "9.0",
        "mem_total": 81559 * mib,
        "mem_used": 0,
        "util": 10 * index,
        "temp": 31 + index,
    } | changes


def ask(directory: Path, machine: dict[str, object] | None) -> tuple[dict[str, Any], str]:
    """What the inventory finds on `machine`, and what it logs."""
    (directory / "machine.json").write_text(json.dumps(machine))
    environ = os.environ | {"FAKE_NVML_JSON": str(directory / "machine.json")}
    if machine is not None:
        environ |= {"LD_LIBRARY_PATH": str(directory)}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], check=True, env=environ, capture_output=True, text=True
    )
    return json.loads(asked.stdout), asked.stderr


def test_eight_gpus_are_found_and_their_load_is_told(library: Path) -> None:
    gpus = [h100(index, mem_used=1 << 36) for index in range(8)]
    found, log = ask(library, {"gpus": gpus})
    hardware = found["hardware"]
    assert (hardware["gpu_count"], hardware["gpu_model"]) == (8, "NVIDIA H100 80GB HBM3")
    assert (hardware["gpu_memory_gb"], hardware["compute_capability"]) == (85.5, 9.0)
    assert found["load"]["gpu_usage"] == 35
    assert found["load"]["gpu_temperature"] == 38
    assert 80 < found["load"]["gpu_memory_usage"] < 81
    assert "no GPUs" not in log


def test_a_lost_gpu_is_left_out_and_the_others_count(library: Path) -> None:
    found, _ = ask(library, {"gpus": [h100(0), h100(1, errors={"*": 15}), h100(2)]})
    assert found["hardware"]["gpu_count"] == 2
    assert found["load"]["gpu_usage"] == 10


def test_what_a_gpu_does_not_tell_is_left_out_of_the_load(library: Path) -> None:
    found, _ = ask(library, {"gpus": [h100(0, errors={"nvmlDeviceGetTemperature": 3})]})
    assert "gpu_temperature" not in found["load"]
    assert found["load"]["gpu_usage"] == 0


@pytest.mark.parametrize(
    ("machine", "level"),
    [
        pytest.param(None, "INFO", id="no library"),
        pytest.param({"init_error": 9}, "INFO", id="driver not loaded"),
        pytest.param({"init_error": 18}, "WARNING", id="driver and library do not match"),
    ],
)
def test_without_a_driver_there_are_no_gpus_which_is_said_once(
    library: Path, machine: dict[str, object] | None, level: str
) -> None:
    found, log = ask(library, machine)
    assert (found["hardware"]["gpu_count"], found["hardware"]["gpu_model"]) == (0, None)
    assert not [name for name in found["load"] if name.startswith("gpu")]
    assert [line.split(":")[0] for line in log.splitlines() if "no GPUs" in line] == [level]
