"""What the machine has."""

import pytest

from agent import inventory
from agent.inventory.gpus import Gpu
from agent.inventory.host import find_host, host_load


def test_this_machine_has_processors_memory_and_disk() -> None:
    host = find_host()
    assert host.cpu_cores >= 1
    assert host.ram_gb > 0
    assert host.storage_gb > 0


def test_the_load_is_in_percent() -> None:
    load = host_load()
    for name in ("cpu_usage", "memory_usage", "disk_usage"):
        assert 0 <= load[name] <= 100
    assert load["uptime"] >= 0


def test_among_unequal_gpus_the_weakest_speaks_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    big = Gpu(uuid="1", name="Big", memory_gb=80, compute_capability=9.0)
    old = Gpu(uuid="2", name="Old", memory_gb=96, compute_capability=7.5)
    monkeypatch.setattr(inventory, "find_gpus", lambda: (big, old))
    hardware = inventory.find_hardware()
    assert hardware.gpu_count == 2
    assert hardware.gpu_memory_gb == 80
    assert hardware.compute_capability == 7.5
    assert hardware.gpu_model == "Big"


def test_without_gpus_the_rest_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "find_gpus", lambda: ())
    hardware = inventory.find_hardware()
    assert (hardware.gpu_count, hardware.gpu_memory_gb, hardware.gpu_model) == (0, 0, None)
    assert hardware.cpu_cores >= 1
