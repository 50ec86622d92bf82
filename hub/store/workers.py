"""Which workers there are, what they can do, and when they were last heard."""

from asyncio import gather
from collections import Counter
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from hub.store.client import Client
from hub.store.facts import document, number
from hub.store.jobs import operation
from hub.store.keys import key
from hub.store.lanes import canonical, digest
from shared.matching import Capability
from shared.messages import MAX_MODEL_FILES, ModelFile
from shared.wire import load_json


@frozen(kw_only=True)
class Worker:
    """A worker as the store knows it. Times are milliseconds since the epoch."""

    worker_id: str
    status: str
    slots: int
    capabilities: dict[str, Any]
    connected_at: int
    last_heartbeat: int
    gone_at: int | None
    current_jobs: tuple[str, ...]
    system: dict[str, Any] | None


@frozen
class Workers:
    """Presence of workers."""

    client: Client

    async def register(
        self, worker_id: str, session: str, capability: Capability, slots: int, status: str
    ) -> str:
        """Enter a worker under a new session; the class of its capability."""
        text = canonical(capability)
        class_ = digest(text)
        await self.client.script(
            "register", operation(), worker_id, session, text, class_, slots, status,
            capability.hardware.gpu_model or "",
        )  # fmt: skip
        return class_

    async def depart(self, worker_id: str, session: str, grace_s: float) -> None:
        """A connection is gone: its worker's leases end in `grace_s`, unless it returns."""
        await self.client.script("depart", operation(), worker_id, session, int(grace_s * 1000))

    async def forget(self, worker_id: str, silent_s: float) -> bool:
        """Remove a worker that holds nothing and was silent for so long; whether it was."""
        reply = await self.client.script("forget", worker_id, int(silent_s * 1000))
        return reply[0] == "forgotten"

    async def stock(
        self, worker_id: str, files: Sequence[ModelFile], gone: Sequence[str], *, anew: bool
    ) -> str:
        """Keep what a worker tells of its models: `stocked`, or `unknown`, or `full`."""
        rows = [
            part for each in files for part in (each.name, f"{each.size_bytes} {each.sha256 or ''}")
        ]
        reply = await self.client.script(
            "stock", worker_id, MAX_MODEL_FILES, int(anew), len(gone), *gone, *rows
        )
        return reply[0]

    async def models(self, worker_id: str) -> list[ModelFile]:
        """The files of models that a connected worker has, by name."""
        rows: dict[str, str] = await self.client.command("HGETALL", key("models", worker_id))
        told = ((name, *facts.split(" ")) for name, facts in sorted(rows.items()))
        return [ModelFile(name, int(size), sha256 or None) for name, size, sha256 in told]

    async def silent(self, limit: int = 100) -> list[str]:
        """The workers that have been silent the longest."""
        return await self.client.command("ZRANGE", key("workers"), 0, limit - 1)

    async def get(self, worker_id: str) -> Worker | None:
        """One worker, or None."""
        facts, heard_at, held = await gather(
            self.client.command("HGETALL", key("worker", worker_id)),
            self.client.command("ZSCORE", key("workers"), worker_id),
            self.client.command("SMEMBERS", key("held", worker_id)),
        )
        if not facts or heard_at is None:
            return None
        return _worker(worker_id, facts, int(heard_at), held)

    async def is_here(self, worker_id: str) -> bool:
        """Whether a worker is connected, to whatever hub."""
        session, gone_at = await self.client.command(
            "HMGET", key("worker", worker_id), "session", "gone_at"
        )
        return session is not None and gone_at is None

    async def counts(self) -> dict[str, int]:
        """How many workers there are of each status."""
        ids: list[str] = await self.client.command("ZRANGE", key("workers"), 0, -1)
        statuses: list[str | None] = await gather(
            *[self.client.command("HGET", key("worker", each), "status") for each in ids]
        )
        return dict(Counter(each for each in statuses if each is not None))

    async def processed(self, worker_ids: list[str]) -> dict[str, int]:
        """How many jobs each worker has or had, of those that are kept."""
        sizes: list[int] = await gather(
            *[self.client.command("ZCARD", key("by_worker", each)) for each in worker_ids]
        )
        return dict(zip(worker_ids, sizes, strict=True))

    async def all(self) -> list[Worker]:
        """Every worker, by id."""
        ids: list[str] = await self.client.command("ZRANGE", key("workers"), 0, -1)
        found = await gather(*[self.get(worker_id) for worker_id in sorted(ids)])
        return [each for each in found if each is not None]


def _worker(worker_id: str, facts: dict[str, str], heard_at: int, held: set[str]) -> Worker:
    return Worker(
        worker_id=worker_id,
        status=facts["status"],
        slots=int(facts["slots"]),
        capabilities=load_json(facts["capability"]),
        connected_at=int(facts["connected_at"]),
        last_heartbeat=heard_at,
        gone_at=number(facts.get("gone_at")),
        current_jobs=tuple(sorted(held)),
        system=document(facts.get("system")),
    )
