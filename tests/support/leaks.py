"""Keys that nobody will ever remove."""

from collections.abc import Callable, Iterator
from typing import cast

from redis import Redis

from hub.store.keys import key

OwnerCheck = Callable[[Redis, bytes], bool]


def _queue(_redis: Redis, _owner: bytes) -> bool:
    """The queue itself: such keys are few, whatever the queue has been through."""
    return True


def _key(noun: str) -> OwnerCheck:
    """The key of `noun` with the same owner's id."""
    return lambda redis, owner: redis.exists(_of(noun, owner)) == 1


def _ranked(noun: str) -> OwnerCheck:
    """The owner's place in the sorted set `noun`."""
    return lambda redis, owner: redis.zscore(key(noun), owner) is not None


def _counted_lane(redis: Redis, lane: bytes) -> bool:
    """A lane's requirement, its version and the count of its jobs come and go together."""
    facts = (
        redis.hexists(key("lanes"), cast("str", lane)),
        redis.hexists(key("lane_jobs"), cast("str", lane)),
        redis.zscore(key("lane_log"), lane) is not None,
    )
    return all(facts)


def _index(noun: str) -> OwnerCheck:
    """An index of jobs lists none that is gone."""

    def check(redis: Redis, owner: bytes) -> bool:
        members = cast("list[bytes]", redis.zrange(_of(noun, owner), 0, -1))
        return not members or None not in redis.zmscore(key("jobs"), cast("list[str]", members))

    return check


def _workflow(redis: Redis, workflow: bytes) -> bool:
    """A workflow with jobs or steps to do, or one that will be removed for want of them."""
    return (
        redis.exists(_of("by_workflow", workflow)) == 1
        or redis.hget(_of("workflow", workflow), "state") == b"running"
        or redis.zscore(key("vacant"), workflow) is not None
    )


def _of(noun: str, owner: bytes) -> str:
    return cast("str", key(noun).encode() + owner)  # redis-py takes bytes, its types do not say so


# Who answers for a family of keys. Families that are not here have to carry a TTL.
OWNERS: dict[str, OwnerCheck] = {
    "job": _ranked("jobs"),
    "attempts": _key("job"),
    "events": _key("job"),
    "workflow": _workflow,
    "steps": _key("workflow"),
    "step_specs": _key("workflow"),
    "worker": _ranked("workers"),
    "held": _key("worker"),
    "models": _key("worker"),
    "machine": _ranked("machines"),
    "machines": _queue,
    "lane": _counted_lane,
    "by_status": _index("by_status"),
    "by_type": _index("by_type"),
    "by_customer": _index("by_customer"),
    "by_worker": _index("by_worker"),
    "by_workflow": _index("by_workflow"),
    "by_error": _index("by_error"),
    "replays": _key("job"),
    "finished": _index("finished"),
    "lanes": _queue,
    "lane_jobs": _queue,
    "lane_log": _queue,
    "shunned": _queue,
    "lane_version": _queue,
    "heads": _queue,
    "delayed": _queue,
    "deadlines": _queue,
    "uniques": _queue,
    "limits": _queue,
    "counts": _queue,
    "leases": _queue,
    "jobs": _queue,
    "workers": _queue,
    "classes": _queue,
    "class_workers": _queue,
    "class_version": _queue,
    "workflows": _queue,
    "advancing": _queue,
    "vacant": _queue,
    "seq": _queue,
    "audit": _queue,
    "instance": _queue,
    "duties": _queue,
}


def leaked_keys(redis: Redis) -> list[str]:
    """Every key that has neither a time to live nor an owner."""
    names = list(cast("Iterator[bytes]", redis.scan_iter()))
    with redis.pipeline(transaction=False) as asking:
        for name in names:
            asking.ttl(name)
        ttls = cast("list[int]", asking.execute())
    lasting = [name for name, ttl in zip(names, ttls, strict=True) if ttl < 0]
    leaked = [name for name in lasting if not _owned(redis, name)]
    return sorted(name.decode(errors="surrogatepass") for name in leaked)


def _owned(redis: Redis, name: bytes) -> bool:
    for noun, check in OWNERS.items():
        family = key(noun).encode()
        if name == family or (family.endswith(b":") and name.startswith(family)):
            return check(redis, name.removeprefix(family))
    return False
