"""`emp-hub doctor`: is the queue sound? Looks, changes nothing, and says what to do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

from attrs import define, field, frozen

from hub.redis_url import sentinel_url
from hub.settings import HubSettings
from hub.store.auditor import Auditor
from hub.store.client import Client
from hub.store.duties import Duties
from hub.store.instance import UnfitStoreError, check_fit
from hub.store.server import EmbeddedServer
from hub.store.views import Views

SHOWN = 20
"""How many differences are named."""
STALE_S = 60
"""A leader's chores run more often than that."""


@frozen
class Finding:
    """One thing that was looked at. `remedy` is empty where none is needed."""

    is_well: bool
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "ok " if self.is_well else "BAD"
        return f"{mark} {self.text}" + (f"\n    -> {self.remedy}" if self.remedy else "")


def well(text: str) -> Finding:
    """As it should be."""
    return Finding(is_well=True, text=text)


def bad(text: str, remedy: str = "") -> Finding:
    """Something to act on."""
    return Finding(is_well=False, text=text, remedy=remedy)


@define
class Doctor:
    """Looks at one queue."""

    client: Client
    is_watched: bool = False  # by Sentinels
    _views: Views = field(init=False)
    _duties: Duties = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._views, self._duties = Views(self.client), Duties(self.client)

    async def findings(self) -> AsyncIterator[Finding]:
        """Everything that is looked at, in the order in which it matters."""
        facts: dict[str, Any] = await self.client.command("INFO")
        yield _server(facts)
        yield _append_only(facts)
        yield _memory(facts)
        if self.is_watched:
            yield _replicas(facts)
        yield await self._leader()
        yield await self._chores()
        for each in await self._indexes():
            yield each
        counts = await self._views.counts()
        yield well("jobs: " + ", ".join(f"{n} {s}" for s, n in counts.items()))

    async def _leader(self) -> Finding:
        leader = await self._duties.leader()
        if leader is None:
            return bad("no hub does the periodic work", "start one: emp-hub serve")
        return well(f"hub {leader} does the periodic work")

    async def _chores(self) -> Finding:
        now_ms, runs = await self._views.now_ms(), await self._duties.runs()
        failed = [f"{name}: {run.result}" for name, run in runs.items() if "failed" in run.result]
        if failed:
            return bad("; ".join(failed), "see the log of the hub that leads")
        ages_s = [(now_ms - run.at) / 1000 for run in runs.values()]
        if min(ages_s, default=STALE_S) >= STALE_S:
            return bad(f"no chore ran within {STALE_S} s", "start a hub, or see its log")
        return well(f"{len(runs)} chores ran, the last {min(ages_s):.0f} s ago")

    async def _indexes(self) -> list[Finding]:
        audit = await Auditor(self.client).audit()
        if not audit.differences:
            return [well(f"all indexes agree with the {audit.jobs} jobs that are kept")]
        found = [bad(each) for each in audit.differences[:SHOWN]]
        remedy = "keep the append-only file and report this: no sequence of calls should lead here"
        return [
            *found,
            bad(f"{len(audit.differences)} differences between jobs and indexes", remedy),
        ]


async def examine(settings: HubSettings) -> AsyncIterator[Finding]:
    """The findings for the queue that `settings` name. Raises `StoreUnavailableError`."""
    async with AsyncExitStack() as stack:
        url = await _url(settings, stack)
        client = Client.connect(url)
        stack.push_async_callback(client.close)
        await client.open()
        async for each in Doctor(client, sentinel_url(url) is not None).findings():
            yield each


async def _url(settings: HubSettings, stack: AsyncExitStack) -> str:
    """The server that was given, that of a running hub, or the hub's own, started for the look."""
    if settings.redis_url is not None:
        return settings.redis_url
    socket = (settings.hub_data_dir / "valkey" / "valkey.sock").absolute()
    if socket.is_socket():
        return f"unix://{quote(str(socket))}"
    return (await stack.enter_async_context(EmbeddedServer(settings.hub_data_dir / "valkey"))).url


def _server(facts: dict[str, Any]) -> Finding:
    name = f"{facts.get('server_name', 'redis')} {facts['redis_version']}"
    try:
        check_fit(facts)
    except UnfitStoreError as problem:
        return bad(name, str(problem))
    return well(f"{name} answers")


def _append_only(facts: dict[str, Any]) -> Finding:
    if not facts.get("aof_enabled"):
        return bad(
            "no append-only file: jobs are lost with the server",
            "set appendonly yes and appendfsync always",
        )  # fmt: skip
    if facts.get("aof_last_write_status") != "ok":
        return bad("the append-only file cannot be written", "free space on its disk")
    return well("the append-only file is written")


def _memory(facts: dict[str, Any]) -> Finding:
    used, most = facts["used_memory"], facts.get("maxmemory") or facts.get("total_system_memory", 0)
    text = f"{used / 2**20:.0f} MB of memory used, of {most / 2**20:.0f}"
    if most and used > 0.9 * most:
        return bad(text, "raise maxmemory, or lower COMPLETED_JOB_KEEP and the TTLs")
    return well(text)


def _replicas(facts: dict[str, Any]) -> Finding:
    replicas = facts["connected_slaves"]
    if not replicas:
        return bad("no replica follows the master: nothing could take its place", "start one")
    note = "" if "min_slaves_good_slaves" in facts else "; min-replicas-to-write is not set"
    return well(f"replicas that follow the master: {replicas}{note}")
