"""The words after the job."""

import json
import subprocess
from pathlib import Path

from hub.demo import summary
from hub.demo.client import FinishedJob
from shared.states import JobState

AT = 1_700_000_000_000


def test_each_saved_file_is_named_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(12345))
    assert summary.file_lines([path]) == [f"  {path}  12,345 bytes"]


def test_a_job_without_files_is_told_why() -> None:
    assert "Save Image" in summary.file_lines([])[0]


def test_the_timeline_tells_each_step_and_what_it_took() -> None:
    job = FinishedJob(
        id="j",
        status=JobState.COMPLETED,
        created_at=AT + 7,
        assigned_at=AT + 47,
        started_at=AT + 67,
        finished_at=AT + 5107,
    )
    lines = [line.split() for line in summary.timeline(job)]
    assert [(name, took) for name, _, took, _ in lines] == [
        ("submitted", "+0.000"),
        ("claimed", "+0.040"),
        ("started", "+0.020"),
        ("finished", "+5.040"),
    ]
    assert [clock[-6:] for _, clock, _, _ in lines] == ["20.007", "20.047", "20.067", "25.107"]


def test_a_step_that_never_was_is_left_out() -> None:
    job = FinishedJob(id="j", status=JobState.CANCELLED, created_at=AT, finished_at=AT + 1)
    assert [line.split()[0] for line in summary.timeline(job)] == ["submitted", "finished"]


def test_the_command_that_submits_sends_the_workflow_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "it's mine.json"
    graph = {"1": {"text": "100 % \"done\" \\n $HOME 'x'"}}
    path.write_text(json.dumps(graph))
    command = summary.next_commands("http://h:1", "comfyui", path, "j")[0]
    posting = f'curl() {{ echo "$2" >&2; cat; }}; {command}'
    done = subprocess.run(["sh", "-c", posting], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"type": "comfyui", "payload": {"workflow": graph}}
    assert done.stderr == "http://h:1/jobs\n"


def test_the_other_commands_and_addresses_lead_to_this_hub() -> None:
    commands = summary.next_commands("http://h:1", "simulation", Path("w.json"), "j")
    assert commands[1:] == ["  curl -s http://h:1/jobs", "  curl -sN http://h:1/jobs/j/events"]
    assert all("http://h:1/" in line for line in summary.addresses("http://h:1"))
