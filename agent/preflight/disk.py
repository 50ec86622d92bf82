"""Room on the disk, and its speed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent.preflight.finding import Finding
from agent.settings import AgentSettings

_PROBE_MB = 8
_SLOW_MB_S = 20
_GB = 10**9


def disk_findings(settings: AgentSettings) -> Iterator[Finding]:
    """Whether engines can write where they are to, enough and fast enough."""
    where = settings.state_dir
    try:
        where.mkdir(parents=True, exist_ok=True)
        speed = _speed_mb_s(where)
    except OSError as problem:
        yield Finding(
            name="disk",
            problem=f"{where} cannot be written: {problem.strerror}",
            remedy="set WORKER_STATE_DIR to a folder that can, or make room",
        )
        return
    yield _room(where, settings.min_disk_gb)
    yield Finding(
        name="disk speed",
        problem=f"{speed:.0f} MB/s at {where}" if speed < _SLOW_MB_S else None,
        remedy="models will load slowly: put WORKER_STATE_DIR and the models on a local SSD",
        detail=f"{speed:.0f} MB/s",
        blocks=False,
    )


def _room(where: Path, needed_gb: float) -> Finding:
    free_gb = shutil.disk_usage(where).free / _GB
    return Finding(
        name="disk room",
        problem=f"{free_gb:.1f} GB are free at {where}, {needed_gb:.10g} GB are needed"
        if free_gb < needed_gb
        else None,
        remedy="delete old outputs and unused models, or lower WORKER_MIN_DISK_GB",
        detail=f"{free_gb:.0f} GB free at {where}",
    )


def _speed_mb_s(where: Path) -> float:
    """Write a little, as far as the disk itself."""
    block = os.urandom(1 << 20)
    with tempfile.TemporaryFile(dir=where) as file:
        started = time.perf_counter()
        for _ in range(_PROBE_MB):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return _PROBE_MB / (time.perf_counter() - started)
