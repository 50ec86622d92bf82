"""An agent whose jobs do nothing; the protocol is in ../peers/README.md."""

import asyncio
import os
import signal
from collections.abc import Callable

from attrs import define

from agent.app import serve
from agent.connectors.base import Offer, Report, Result, Work
from agent.leaving import Stop
from agent.link.outbox import Outbox
from agent.settings import AgentSettings
from shared.logs import set_up_logs
from shared.settings import read
from tests.bench.peers.scripts.lines import Stamps, say_ready

JOB_TYPE = "noop"


@define
class Noop:
    """A connector whose jobs only mark that they have started."""

    slots: int
    started: Callable[[], None]
    name: str = JOB_TYPE

    async def open(self) -> None:
        say_ready("emp-job-queue")

    async def close(self) -> None:
        pass

    async def offer(self) -> Offer:
        return Offer(services=(JOB_TYPE,))

    async def run(self, work: Work, report: Report) -> Result:  # noqa: ARG002 - as connectors do
        self.started()
        return Result()


async def work(url: str, width: int, events: str, every: int) -> None:
    """Run jobs of the hub at `url`, at most `width` at a time, until told to stop."""
    stop, stamps = Stop(), Stamps(every)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.ask)
    _stamp_acknowledged(stamps)
    connector = Noop(width, stamps.mark if "started" in events else _nothing)
    flags = ["--hub-url", url, "--worker-id", "bench", "--max-concurrent-jobs", str(width)]
    settings = read(AgentSettings, flags, os.environ, "bench", "An agent.")
    set_up_logs(settings.log_level, settings.log_format)
    await serve(settings, lambda _settings: [connector], stop)


def _stamp_acknowledged(stamps: Stamps) -> None:
    """Mark each report that the hub acknowledges: the store has the job as completed then."""
    acknowledge = Outbox.acknowledge

    def stamped(self: Outbox, job_id: str, attempt: int | None) -> None:
        acknowledge(self, job_id, attempt)
        stamps.mark()

    Outbox.acknowledge = stamped


def _nothing() -> None:
    pass
