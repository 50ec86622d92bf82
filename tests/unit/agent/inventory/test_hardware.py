"""What the machine has."""

from agent.inventory import Gpu, find_hardware
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


def test_a_worker_has_its_own_gpu_and_shares_the_rest() -> None:
    gpu = Gpu(index=1, uuid="GPU-1", name="Big", memory_gb=80, compute_capability=9.0)
    hardware = find_hardware(gpu)
    assert (hardware.gpu_count, hardware.gpu_model) == (1, "Big")
    assert (hardware.gpu_memory_gb, hardware.compute_capability) == (80, 9.0)
    assert hardware.cpu_cores >= 1


def test_without_a_gpu_the_rest_still_counts() -> None:
    hardware = find_hardware(None)
    assert (hardware.gpu_count, hardware.gpu_memory_gb, hardware.gpu_model) == (0, 0, None)
    assert hardware.cpu_cores >= 1


def test_workers_that_ask_at_the_same_time_share_a_reading() -> None:
    assert host_load() is not host_load()
    assert host_load() == host_load()
