"""One worker of the machine: fit for work, or not and why."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from attrs import define, field

from agent.connectors.base import Connector, Report
from agent.connectors.offers import (
    NoConnectorError,
    Ready,
    asked_again,
    close_all,
    open_all,
    serving,
)
from agent.engines import EngineState, Supervisor
from agent.inventory import GpuFault, Provider
from agent.link.artifacts import Artifacts
from agent.link.worker import Worker
from agent.models import Shelf
from agent.preflight import blocking, offer_findings
from agent.runner import Outcome, Runner
from agent.slots import Slots
from agent.stations.connecting import MakeConnectors, connectors
from agent.stations.dossier import documented
from agent.stations.failures import Failures
from agent.stations.introducing import Contents, able, unable
from agent.stations.journal import Journal
from agent.stations.keeping import keeping, ledger_of
from agent.stations.posts import Post
from agent.stations.trouble import trouble
from agent.stations.wear import worn_out
from shared.jobs import Failure
from shared.messages import JobAssigned, Message
from shared.states import Reason

log = logging.getLogger(__name__)


@define(eq=False)
class Station:
    """A post at work. `note` says why it is not fit; None while it is."""

    post: Post
    engines: Sequence[Supervisor]
    provider: Provider
    slots: Slots = field(init=False)
    worker: Worker = field(init=False)
    note: str | None = field(default="it is getting ready", init=False)
    taken: int = field(default=0, init=False)  # attempts so far
    journal: Journal = field(factory=Journal, init=False)
    ready: Sequence[Ready] = field(default=(), init=False)  # its connectors while it serves
    judged: asyncio.Event = field(factory=asyncio.Event, init=False)  # looked at for the first time
    _make: MakeConnectors
    _failures: Failures
    _files: Artifacts
    _serving: dict[str, Connector] = field(factory=dict[str, Connector], init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _quarantine: str | None = field(default=None, init=False)
    _renewals: dict[str, str] = field(factory=dict[str, str], init=False)  # why, by engine
    _jobs: int = field(default=0, init=False)  # since its engines have started
    _contents: Contents = field(factory=dict[str, tuple[str, ...]], init=False)
    _offered: Contents | None = field(default=None, init=False)  # of them, when last introduced

    def begin(self, tasks: asyncio.TaskGroup, send: Callable[[Message], None]) -> None:
        """Make the worker; its attempts are tasks of the group."""
        self.slots = Slots(self.post.settings.max_concurrent_jobs, self._run, tasks)
        self.slots.close("initializing")
        introduction = unable(self.post, self.provider)
        ledger = ledger_of(self.post.settings)
        self.worker = Worker(self.post.worker_id, introduction, self.slots, send, ledger)
        for engine in self.engines:
            engine.changed = self._changed.set
            engine.wrote = partial(self._wrote, engine.name)

    async def run(self) -> None:
        """Keep the worker fit until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for engine in self.engines:
                    tasks.create_task(engine.run())
                while True:
                    self._changed.clear()
                    await self._once()
        finally:
            self.worker.ledger.close()

    def quarantine(self, why: str) -> None:
        """Take the worker out of work for good, and give back what it runs."""
        if self._quarantine is None:
            log.error("%s takes no more jobs: %s", self.post.worker_id, why)
            self._quarantine = why
            self._change_soon()

    def fault(self, fault: GpuFault) -> None:
        """The GPU has a fault. If it lasts: quarantine, and nothing that runs on it can be saved."""
        self.journal.fault(fault)
        if not fault.lasts:
            log.warning("%s: %s", self.post.worker_id, fault.problem)
            return
        self.quarantine(fault.problem)
        self.slots.release(Reason.ERROR, fault.problem)

    def pause(self, *, paused: bool = True) -> None:
        """Take no new job, and finish what runs; or take jobs again."""
        self.slots.paused = paused
        self.worker.introduce()

    def stock(self, shelf: Shelf) -> None:
        """More is known of the models. Jobs that ask for a content can be taken a little later."""
        self.worker.stock.change(shelf.files(self.post.settings.connectors))
        before, self._contents = self._contents, {each: shelf.names(each) for each in shelf.roots}
        if any(self._contents.values()) and not any(before.values()):
            self.introduce()

    def introduce(self) -> None:
        """Tell the hub anew what the worker is, and what it can do while it is fit."""
        self._offered = self._contents
        ready = () if self.note else self.ready
        self.worker.change(able(self.post, self.provider, ready, self._contents))

    def drain(self) -> None:
        """Take nothing new any more."""
        self.slots.drain()
        self.worker.tell_status()

    def renew(self, engine: Supervisor, why: str, *, now: bool) -> None:
        """Start an engine anew: when what runs has ended, or now, and what runs is given back."""
        if not self.ready:
            engine.restart(why)
            return
        self._renewals[engine.name] = why
        self._change_soon()
        if now:
            self.slots.release()

    async def _once(self) -> None:
        if self._starting():
            await self._changed.wait()
            return
        problem = self._quarantine or await asyncio.to_thread(trouble, self.post, self.engines)
        if problem is None:
            try:
                await self._serve_if_complete(
                    await open_all(connectors(self.post, self.engines, self._make))
                )
            except NoConnectorError as error:
                problem = str(error)
            else:
                return
        self._unfit(problem, "error")
        if not await self._changes_within(self.post.settings.recheck_s):
            self.worker.resume(())

    async def _serve_if_complete(self, ready: list[Ready]) -> None:
        """Take jobs, if the engines have all that they must. Raises `NoConnectorError`."""
        offers = [each.offer for each in ready]
        if missing := blocking(offer_findings(self.post.settings, offers)):
            await close_all(ready)
            raise NoConnectorError(missing)
        await self._serve(ready)

    async def _serve(self, ready: list[Ready]) -> None:
        """Take jobs until something changes."""
        try:
            self._serving.update(serving(ready))
            self.ready = ready
            self.note = self.worker.note = None
            self._jobs = 0
            self.slots.open()
            self.worker.resume(self._serving)
            self.introduce()
            self.judged.set()
            while self._is_fit():
                self._changed.clear()
                if not await self._changes_within(self.post.settings.offers_s):
                    await self._offer_again()
            if self._quarantine:
                self._unfit(self._quarantine, "error")
            else:
                why = next(iter(self._renewals.values()), "its engine has ended")
                self._unfit(why, "initializing")
            await self.slots.idle()
        finally:
            self._serving.clear()
            self.ready = ()
            await close_all(ready)
        for engine in self.engines:
            if why := self._renewals.pop(engine.name, None):
                engine.restart(why)

    async def _offer_again(self) -> None:
        """Models and nodes come and go while an engine runs."""
        before, self.ready = self.ready, await asked_again(self.ready)
        if (self.ready, self._contents) != (before, self._offered):
            self.introduce()

    async def _changes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._changed.wait(), seconds)
        return False

    def _is_fit(self) -> bool:
        engines_are_up = all(each.state is EngineState.READY for each in self.engines)
        return engines_are_up and self._quarantine is None and not self._renewals

    def _starting(self) -> bool:
        """Whether it must be waited for an engine, and nothing is to be said of it yet."""
        up = {EngineState.READY, EngineState.FAILED}
        return self._quarantine is None and any(each.state not in up for each in self.engines)

    def _unfit(self, problem: str, status: str) -> None:
        self.judged.set()
        if (problem, status) == (self.note, self.slots.closed):
            return  # the hub knows
        log.warning("%s is not fit for work: %s", self.post.worker_id, problem)
        self.note = self.worker.note = problem
        self.slots.close(status)
        self.worker.change(unable(self.post, self.provider))

    async def _run(self, job: JobAssigned, report: Report) -> Outcome:
        self.taken += 1
        runner = Runner(self._serving, self._files.upload, self._files.download)
        with self.journal.entry(job) as entry:
            outcome = await runner.run(job, entry.noting(report), keeping(self.worker, job))
            if isinstance(outcome, Failure):
                outcome = await asyncio.to_thread(
                    documented, outcome, self.post.gpu, self.engines, entry.xids
                )
            entry.outcome = outcome
        self._jobs += 1
        if why := self._failures.note(self.post.worker_id, outcome):
            self.quarantine(why)
        elif self.engines and (
            why := await asyncio.to_thread(worn_out, self.post.settings, self.engines, self._jobs)
        ):
            self._renewals = {each.name: why for each in self.engines}
            self._change_soon()
        return outcome

    def _wrote(self, name: str, line: str) -> None:
        self.worker.logs.add(f"{name}: {line}" if len(self.engines) > 1 else line)

    def _change_soon(self) -> None:
        # An attempt that is just ending is reported before the worker introduces itself anew.
        asyncio.get_running_loop().call_soon(self._changed.set)
