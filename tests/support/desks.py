"""A worker in this process, over a connector that does as it is told."""

import asyncio
from typing import TypeVar

from agent.connectors.base import Result
from agent.ledger import Ledger
from agent.link.worker import Worker
from agent.runner import Runner
from agent.slots import Slots
from shared.jobs import Lease
from shared.matching import Capability
from shared.messages import (
    JobAssigned,
    Message,
    WorkerRegistered,
)
from tests.fakes.connector import ScriptedConnector, no_inputs, upload
from tests.fakes.hub import assignment

M = TypeVar("M", bound=Message)
SLOTS = 2


class Desk:
    """A worker over a scripted connector, and everything it has said."""

    def __init__(self, tasks: asyncio.TaskGroup, ledger: Ledger | None = None) -> None:
        self.connector = ScriptedConnector()
        self.said: list[Message] = []
        self.slots = Slots(
            SLOTS, Runner({"scripted": self.connector}, upload, no_inputs).run, tasks
        )
        self.worker = Worker(
            "w1",
            Capability(services=("scripted",)),
            self.slots,
            self.said.append,
            ledger or Ledger(),
        )

    def welcome(self, *lost: Lease) -> None:
        self.worker.hear(WorkerRegistered(worker_id="w1", heartbeat_s=5, lease_s=30, lost=lost))

    async def start(self, job_id: str) -> JobAssigned:
        job = assignment(job_id)
        self.worker.hear(job)
        await self.connector.started(job_id)
        return job

    async def finish(self, job: JobAssigned, result: Result | None = None) -> None:
        self.connector.finish(job.job_id, result)
        await self.slots.idle()

    def kinds(self) -> list[str]:
        return [message.type for message in self.said]

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.said if isinstance(message, kind)]
