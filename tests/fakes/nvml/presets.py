"""Machines for the stand-in NVML, and the way to put it in NVIDIA's place."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

SOURCE = Path(__file__).with_name("fakenvml.c")
LIBRARY = "libnvidia-ml.so.1"
MIB = 1 << 20
LOST = {"*": 15}

Machine = dict[str, Any]


def build(directory: Path) -> Path:
    """Compile the stand-in into `directory`, which LD_LIBRARY_PATH then names."""
    flags = ["-shared", "-fPIC", f"-Wl,-soname,{LIBRARY}", "-o", directory / LIBRARY]
    subprocess.run(["cc", *flags, SOURCE], check=True)
    return directory


def environ(library: Path, machine: Path) -> dict[str, str]:
    """The environment of a process that is to see `machine` through the stand-in."""
    return os.environ | {"FAKE_NVML_JSON": str(machine), "LD_LIBRARY_PATH": str(library)}


def write(machine: Machine | None, path: Path) -> Path:
    """Tell the stand-in of a machine, also while it is in use."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(machine))
    new.replace(path)
    return path


def uuid(number: int) -> str:
    """The UUID of a card or slice."""
    return str(uuid5(NAMESPACE_OID, str(number)))


def h100(index: int, **changes: object) -> Machine:
    """A card of a data centre."""
    card: Machine = {
        "name": "NVIDIA H100 80GB HBM3",
        "uuid": f"GPU-{uuid(index)}",
        "pci": f"00000000:{0x1B + 0x10 * index:02X}:00.0",
        "cc": "9.0",
        "mem_total": 81559 * MIB,
        "mem_used": 0,
        "util": 10 * index,
        "temp": 31 + index,
        "power": 70_000 + 500 * index,
        "power_limit": 700_000,
        "mig": 0,
        "ecc": 1,
        "procs": [],
    }
    return card | changes


def rtx4090(index: int, **changes: object) -> Machine:
    """A card for games: no MIG, no ECC."""
    card: Machine = {
        "name": "NVIDIA GeForce RTX 4090",
        "uuid": f"GPU-{uuid(100 + index)}",
        "pci": f"00000000:{index + 1:02X}:00.0",
        "cc": "8.9",
        "mem_total": 24564 * MIB,
        "mem_used": 300 * MIB,
        "temp": 40,
        "power": 22_000,
        "power_limit": 450_000,
        "procs": [],
    }
    return card | changes


def mig(number: int, profile: str, memory_mib: int) -> Machine:
    """A slice of a card."""
    return {
        "uuid": f"MIG-{uuid(200 + number)}",
        "name": profile,
        "gi": 7 + number,
        "ci": 0,
        "mem_total": memory_mib * MIB,
        "mem_used": 0,
    }


def machine(*gpus: Machine, **changes: object) -> Machine:
    """A machine with these cards."""
    return {"driver": "570.86.10", "cuda": 12080, "gpus": list(gpus), "events": []} | changes


def xid(seq: int, gpu: int, number: int) -> Machine:
    """A critical event of a card; a lost card gets `LOST` besides."""
    return {"seq": seq, "gpu": gpu, "type": 8, "data": number}


def eight_h100() -> Machine:
    """A node of a data centre."""
    return machine(*(h100(index) for index in range(8)))


def divided() -> Machine:
    """An H100 in four slices."""
    sizes = [("3g.40gb", 40448), ("2g.20gb", 20096), ("1g.10gb", 9984), ("1g.10gb", 9984)]
    slices = [mig(number, *size) for number, size in enumerate(sizes)]
    busy = {"pid": 4711, "mem": 1 << 30, "gi": 7, "ci": 0}
    return machine(h100(0, mig=1, migs=slices, procs=[busy]))
