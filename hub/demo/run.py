"""The demo from start to end: hub and agent up, one job through them, all down again."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import AsyncExitStack, aclosing, contextmanager, suppress
from typing import Any, cast

from attrs import define, field
from rich.console import Console

from hub.demo import summary
from hub.demo.client import FinishedJob, HubClient
from hub.demo.errors import DemoError
from hub.demo.files import save_file
from hub.demo.options import Options
from hub.demo.processes import HOST, Child, check_port, while_running
from hub.demo.screen import progress_display
from hub.demo.surroundings import check_folder, comfyui_answers, read_workflow, shown
from shared.states import JobState
from shared.wire import WireError

LISTENING = "emp-hub listening on "
"""What the hub prints before its address, once it can be reached."""

_FAILED = 1
_INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended


async def run_demo(options: Options) -> int:
    """Run the demo and return its exit status.

    0: the job finished, and who watched had enough. 1: something failed, and was said.
    130: interrupted before the job finished. In every case the children are gone.
    """
    demo = _Demo(options)
    with _signals_cancel_this_task(), suppress(asyncio.CancelledError):  # that signal's way out
        await demo.run()
    return demo.status


@contextmanager
def _signals_cancel_this_task() -> Generator[None]:
    loop = asyncio.get_running_loop()
    task = cast("asyncio.Task[int]", asyncio.current_task())
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, task.cancel)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


@define
class _Demo:
    options: Options
    status: int = _INTERRUPTED
    _console: Console = field(
        factory=lambda: Console(markup=False, highlight=False, soft_wrap=True)
    )
    _children: list[Child] = field(factory=list[Child])

    async def run(self) -> None:
        async with AsyncExitStack() as stack:
            try:
                await self._play(stack)
            except (DemoError, WireError, OSError) as problem:
                self.status = _FAILED
                self._explain(problem)

    async def _play(self, stack: AsyncExitStack) -> None:
        workflow = read_workflow(self.options.workflow)
        check_folder(self.options.out_dir, "results", "--out")
        check_folder(self.options.data_dir, "data and logs", "HUB_DATA_DIR")
        check_port(self.options.port)
        url = await self._start_hub(stack)
        service = await self._start_agent(stack, url)
        hub = HubClient.at(url)
        await stack.enter_async_context(hub.http)
        job = await while_running(self._run_job(hub, service, workflow), *self._children)
        self.status = 0
        if not self.options.once:
            self._invite(url, service, job)
            await while_running(asyncio.Event().wait(), *self._children)

    async def _start_hub(self, stack: AsyncExitStack) -> str:
        where = ("--hub-host", HOST, "--hub-port", str(self.options.port))
        command = (*self.options.hub_command, *where)
        hub = await self._start(stack, "hub", command, self.options.hub_environ())
        url = await hub.says(LISTENING, self.options.start_within_s)
        self._say(f"The hub serves at {url}")
        return url

    async def _start_agent(self, stack: AsyncExitStack, url: str) -> str:
        """Start an agent for all there is and return the service that will run the job."""
        address = self.options.comfyui_url
        if await comfyui_answers(address):
            service, connectors = "comfyui", ("simulation", "comfyui")
            self._say(f"A ComfyUI answers at {address} and will run the workflow")
        else:
            service, connectors = "simulation", ("simulation",)
            self._say(f"No ComfyUI answers at {address}, so the workflow is simulated")
        environ = self.options.agent_environ(url, connectors)
        await self._start(stack, "agent", self.options.agent_command, environ)
        return service

    async def _start(
        self, stack: AsyncExitStack, name: str, command: tuple[str, ...], environ: dict[str, str]
    ) -> Child:
        log_path = self.options.data_dir / f"{name}.log"
        child = Child(name, command, environ, log_path, self.options.stop_within_s)
        await stack.enter_async_context(child)
        stack.callback(self._say, f"Stopping the {name} ...")
        self._children.append(child)
        return child

    async def _run_job(self, hub: HubClient, service: str, workflow: Any) -> FinishedJob:
        job_id = await hub.submit(service, workflow, self.options.priority)
        self._say(f"Job {job_id} is {shown(self.options.workflow)}")
        await self._follow(hub, job_id)
        job = await hub.finished(job_id)
        if job.status is not JobState.COMPLETED:
            raise DemoError(f"job {job.id} is {job.status}: {job.error or 'no reason is recorded'}")
        paths = [await save_file(hub, file, self.options.out_dir) for file in job.files]
        self._say("", *summary.file_lines(paths), "", *summary.timeline(job))
        return job

    async def _follow(self, hub: HubClient, job_id: str) -> None:
        now = asyncio.get_running_loop().time
        waits_s, runs_s = self.options.patience_s, self.options.work_patience_s
        patience_s = waits_s
        try:
            async with asyncio.timeout(patience_s) as limit, aclosing(hub.events(job_id)) as events:
                with progress_display(self._console) as show:
                    async for event in events:
                        show(event)
                        patience_s = runs_s if event.status is JobState.IN_PROGRESS else waits_s
                        limit.reschedule(now() + patience_s)
        except TimeoutError:
            raise DemoError(
                f"job {job_id} made no progress for {patience_s:g} s: {await hub.why(job_id)}"
            ) from None

    def _invite(self, url: str, service: str, job: FinishedJob) -> None:
        commands = summary.next_commands(url, service, shown(self.options.workflow), job.id)
        self._say("", *summary.addresses(url), "", "Next, in another terminal:", *commands)
        self._say("", "The demo serves until Ctrl-C.")

    def _explain(self, problem: Exception) -> None:
        """Print the problem last, where the eye falls first."""
        for child in self._children:
            self._say(f"{child.log_path} ends with:", *(f"  {line}" for line in child.log_tail()))
        self._say("", f"The demo failed: {problem}")

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._console.print(line)
