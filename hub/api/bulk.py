"""The same to many jobs at once: cancel, prioritise, replay."""

from asyncio import gather
from collections import Counter
from typing import Annotated, Any

from litestar import post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body

from hub.api.bodies import ReplayBody
from hub.api.bulk_bodies import BulkBody
from hub.api.guards import clients
from hub.parts import Parts
from hub.store.searches import Filter
from hub.store.submissions import RefusedError
from shared.fields import FieldError

AT_ONCE = 50
"""How many jobs are changed in one turn; between turns others are served."""
COUNTED = 10_000

EXAMPLES = [
    Example(
        summary="how many would be cancelled?",
        value={"action": "cancel", "filter": {"customer_id": "studio-7"}, "dry_run": True},
    ),
    Example(
        summary="another go for whatever ran out of memory",
        value={"action": "replay", "filter": {"status": "failed", "error_class": "out_of_memory"}},
    ),
]
Bulk = Annotated[BulkBody, Body(title="An action and its jobs", examples=EXAMPLES)]


@post(
    "/jobs/bulk", before_request=clients, summary="Change many jobs", tags=["jobs"], status_code=200
)
async def change_jobs(data: Bulk, parts: NamedDependency[Parts]) -> dict[str, Any]:
    """At most `limit` jobs in one call; `cursor` says where to go on, null when all were seen.

    Sent twice it does no more: what is cancelled already or was replayed already is skipped, and
    `skipped` says how many and why. `dry_run` counts all that match, and changes nothing.
    """
    wanted = data.filters()
    if data.dry_run:
        count = sum([await _count(parts, each) for each in wanted])
        return {"action": data.action, "dry_run": True, "matched": count}
    job_ids, cursor = await _found(parts, wanted, data)
    outcomes: Counter[str] = Counter()
    for start in range(0, len(job_ids), AT_ONCE):
        outcomes.update(
            await gather(*[_act(parts, data, each) for each in job_ids[start : start + AT_ONCE]])
        )
    done = outcomes.pop("", 0)
    told = {"matched": len(job_ids), "done": done, "skipped": dict(outcomes), "cursor": cursor}
    return {"action": data.action, "dry_run": False, **told}


async def _count(parts: Parts, wanted: Filter) -> int:
    found = await parts.searches.find(wanted, COUNTED)
    count = len(found.job_ids)
    while found.below is not None:
        found = await parts.searches.find(wanted, COUNTED, found.below)
        count += len(found.job_ids)
    return count


async def _found(
    parts: Parts, wanted: list[Filter], data: BulkBody
) -> tuple[list[str], str | None]:
    """Up to `limit` jobs, state by state, and the state and place at which to go on."""
    job_ids: list[str] = []
    left, below = _resumed(wanted, data.cursor)
    for each in left:
        if len(job_ids) == data.limit:
            return job_ids, f"{each.status}:"
        found = await parts.searches.find(each, data.limit - len(job_ids), below)
        job_ids += found.job_ids
        if found.below is not None:
            return job_ids, f"{each.status}:{found.below}"
        below = None
    return job_ids, None


def _resumed(wanted: list[Filter], cursor: str | None) -> tuple[list[Filter], int | None]:
    if cursor is None:
        return wanted, None
    status, _, below = cursor.partition(":")
    states = [str(each.status) for each in wanted]
    if status not in states or not (below == "" or below.isdecimal()):
        raise FieldError("cursor", "is not from an answer to this request", "what was answered")
    return wanted[states.index(status) :], int(below) if below else None


async def _act(parts: Parts, data: BulkBody, job_id: str) -> str:
    """Nothing when it was done, else why not."""
    if data.action == "replay":
        return await _replay(parts, data, job_id)
    if data.action == "prioritise" and data.priority is not None:
        reply = await parts.jobs.prioritise(job_id, data.priority)
    else:
        reply = await parts.jobs.cancel(job_id, data.reason)
    if reply.outcome == "step":
        return "has the priority of its workflow"
    return (
        ""
        if reply.outcome in {"cancelled", "prioritised"}
        else f"{reply.told or 'removed'} already"
    )


async def _replay(parts: Parts, data: BulkBody, job_id: str) -> str:
    job = await parts.views.job(job_id)
    if job is None:
        return "removed already"
    if job.replays:
        return "replayed already"
    spec = ReplayBody(payload=data.payload, priority=data.priority).spec(job, None)
    try:
        await parts.dispatcher.submit(await parts.intake.given(spec))
    except FieldError as problem:
        return str(problem)
    except RefusedError as refusal:
        return refusal.why
    return ""
