"""Is this Redis ours, and fit to keep jobs? Asked before anything is served."""

import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.store.client import Client
from hub.store.keys import key

log = logging.getLogger(__name__)

OLDEST = (7, 0)


class UnfitStoreError(Exception):
    """This Redis must not be served from; the message says why and what to do."""


async def check(client: Client, data_dir: Path) -> None:
    """Raises `UnfitStoreError` for a server that is too old, evicts keys, or is not ours.

    From then on the client takes no other queue for this one.
    """
    facts: dict[str, Any] = await client.command("INFO")
    check_fit(facts)
    if not facts.get("aof_enabled"):
        log.warning("Redis keeps no append-only file: jobs would be lost with its process")
    await _check_instance(client, data_dir / "instance")


def check_fit(facts: dict[str, Any]) -> None:
    """Raises `UnfitStoreError` for a server, by its INFO, that is too old or evicts keys."""
    _check_version(str(facts["redis_version"]))
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise UnfitStoreError(
            f"Redis would drop jobs when its memory is full (maxmemory-policy is {policy}): "
            "set it to noeviction"
        )


def _check_version(version: str) -> None:
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise UnfitStoreError(f"Redis {version} is too old: 7.0 or newer (or Valkey) is needed")


async def _check_instance(client: Client, marker: Path) -> None:
    """The queue carries an id that the data directory remembers: an empty or foreign Redis in the
    place of the known one must not look like an empty queue."""
    known = marker.read_text().strip() if marker.exists() else None
    fresh = known or uuid4().hex
    has = await client.command("GET", key("instance"))
    if has is None and known is not None:
        raise UnfitStoreError(
            f"this Redis is empty, but {marker} remembers a queue: point REDIS_URL at the right "
            "server or restore it; to start anew, delete that file"
        )
    if has is None:
        await client.command("SET", key("instance"), fresh, "NX")
        has = await client.command("GET", key("instance"))
    if known not in (None, has):
        raise UnfitStoreError(
            f"this Redis holds another queue than {marker} remembers: point REDIS_URL at the right "
            "server, or use another HUB_DATA_DIR"
        )
    marker.write_text(f"{has}\n")
    client.instance = has


async def can_write(client: Client) -> None:
    """Write something that soon vanishes. Raises what a write raises."""
    await client.command("SET", key("probe"), "1", "PX", 60_000)
