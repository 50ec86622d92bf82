"""What the demo prints once the job is done."""

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from hub.demo.client import FinishedJob


def file_lines(paths: Iterable[Path]) -> list[str]:
    """Return a line for each saved file."""
    return [f"  {path}  {path.stat().st_size:,} bytes" for path in paths] or [
        "  The job made no file; a workflow's results come from nodes such as Save Image."
    ]


def timeline(job: FinishedJob) -> list[str]:
    """Return a line for each step of the job's life: local time and seconds since the step before.

    A step that the job skipped is left out.
    """
    moments = {
        "submitted": job.created_at,
        "claimed": job.assigned_at,
        "started": job.started_at,
        "finished": job.finished_at,
    }
    lines: list[str] = []
    before = job.created_at
    for name, at in moments.items():
        if at is not None:
            lines.append(f"  {name:<9}  {_clock(at)}  +{(at - before) / 1000:.3f} s")
            before = at
    return lines


def addresses(url: str) -> list[str]:
    """Return where to look next while the hub serves."""
    return [
        f"  Dashboard  {url}/dashboard",
        f"  API        {url}/jobs",
        f"  API docs   {url}/docs",
    ]


def next_commands(url: str, service: str, workflow: Path, job_id: str) -> list[str]:
    """Return shell commands to try against the serving hub, ready to paste."""
    body = shlex.quote(f'{{"type":"{service}","payload":{{"workflow":%s}}}}')
    graph = f'"$(cat {shlex.quote(str(workflow))})"'
    submit = f"curl -s {url}/jobs -H 'Content-Type: application/json' --data-binary @-"
    return [
        f"  printf {body} {graph} | {submit}",
        f"  curl -s {url}/jobs",
        f"  curl -sN {url}/jobs/{job_id}/events",
    ]


def _clock(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC).astimezone()
    return moment.isoformat(sep=" ", timespec="milliseconds").partition(" ")[2][:12]
