"""What the demo shows while the job runs: a bar on a terminal, lines anywhere else."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from hub.demo.client import JobEvent
from shared.states import JobState

Show = Callable[[JobEvent], None]


def progress_display(console: Console) -> AbstractContextManager[Show]:
    """Return the display that suits `console`; entered, it gives what shows an event."""
    return _bar(console) if console.is_terminal else _lines(console)


def describe(event: JobEvent) -> str:
    """Say in a few words what happened or what the worker is at."""
    details = event.details or {}
    node = details.get("node_title") or details.get("node")
    step = details.get("step")
    doing = f"step {step} of {details.get('steps')}" if step else ""
    words = " ".join(str(word) for word in (node, doing) if word) or event.message or event.name
    # Titles and messages are other people's text, and a terminal obeys what it is sent.
    return "".join(c if c.isprintable() else " " for c in words)


def _percent(event: JobEvent) -> float | None:
    return 100 if event.status is JobState.COMPLETED else event.progress


@contextmanager
def _bar(console: Console) -> Generator[Show]:
    columns = (
        TextColumn("{task.description:<11}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("submitted", total=100, doing="")

        def show(event: JobEvent) -> None:
            progress.update(
                bar, completed=_percent(event), description=event.status, doing=describe(event)
            )

        yield show


@contextmanager
def _lines(console: Console) -> Generator[Show]:
    shown: tuple[object, ...] = ()
    percent = 0.0

    def show(event: JobEvent) -> None:
        """Print one line for each node and each tenth, so that a log stays short."""
        nonlocal shown, percent
        percent = percent if (told := _percent(event)) is None else told
        now = (event.name, (event.details or {}).get("node"), percent // 10)
        if now != shown:
            shown = now
            console.print(f"{percent:5.0f} %  {event.status:<11}  {describe(event)}")

    yield show
