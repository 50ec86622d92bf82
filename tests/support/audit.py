"""The auditor: recounts every index from the hashes of the jobs, and checks their history."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha1
from typing import Any

from redis.asyncio import Redis

from hub.store.keys import NOUNS, key
from shared.states import LEASED, TERMINAL, TRANSITIONS, JobState
from tests.support.audit_workflows import is_needed, wrong_workflows
from tests.support.dumps import Dump, dump

Job = dict[str, str]

INDEXES = (
    "jobs", "by_status", "by_type", "by_customer", "by_worker", "by_workflow", "by_error", "finished",
    "lane", "heads", "lanes", "lane_jobs", "delayed", "held", "deadlines", "uniques",
    "counts",
)  # fmt: skip
"""Keys whose whole content follows from the jobs."""

ANYWHERE = {"network", "lost", "internal", "validation"}

ARROWS = {(each.verb, each.source or "", each.target) for each in TRANSITIONS}


async def audit_indexes(redis: Redis) -> list[str]:
    """Every difference between what is indexed and what the jobs say; empty when all agree."""
    return differences(await dump(redis))


def differences(found: Dump) -> list[str]:
    """The same, for a server that holds this."""
    jobs = dict(_family(found, "job"))
    expected = _recounted(jobs, found)
    indexed = _names(found, *INDEXES)
    wrong = [
        f"{name} holds {found.get(name)}, the jobs say {expected.get(name)}"
        for name in sorted({*indexed, *expected})
        if found.get(name) != expected.get(name)
    ]
    return [
        *wrong,
        *_wrong_classes(found),
        *_wrong_lanes(found),
        *_wrong_shunned(jobs, found),
        *_wrong_leases(jobs, found),
        *_wrong_past(found),
        *wrong_workflows(found, jobs),
    ]


def _names(found: Dump, *nouns: str) -> list[str]:
    names = tuple(map(key, nouns))
    families = tuple(name for name in names if name[-1] == ":")
    return [each for each in found if each in names or each.startswith(families)]


def _family(found: Dump, noun: str) -> Iterator[tuple[str, Any]]:
    return ((name.removeprefix(key(noun)), found[name]) for name in _names(found, noun))


def _recounted(jobs: dict[str, Job], found: Dump) -> Dump:
    expected: dict[str, Any] = defaultdict(dict)
    for job_id, job in jobs.items():
        seq, state = float(job["seq"]), job["state"]
        for name in _listed_in(job_id, job, found):
            expected[name][job_id] = seq
        if state == JobState.PENDING:
            expected[key("lane", job["lane"])][job["member"]] = float(job["score"])
        if state == JobState.DELAYED:
            expected[key("delayed")][job_id] = float(job["not_before"])
        if state in TERMINAL and not is_needed(found, job_id, job):
            expected[key("finished", state)][job_id] = float(job["finished_at"])
        expected[key("lanes")][job["lane"]] = job["requirement"]
    waiting = dict(_family(expected, "lane"))
    if waiting:
        expected[key("heads")] = dict(_head(lane, members) for lane, members in waiting.items())
    return {**expected, **_held(jobs), **_lane_jobs(jobs), **_until_the_end(jobs), **_counts(jobs)}


def _listed_in(job_id: str, job: Job, found: Dump) -> Iterator[str]:
    """The sorted sets, by submission number, in which a job must stand."""
    yield key("jobs")
    yield key("by_status", job["state"])
    yield key("by_type", job["type"])
    if job["customer"]:
        yield key("by_customer", job["customer"])
    if job["workflow"]:
        yield key("by_workflow", job["workflow"])
    if job["state"] == JobState.FAILED:
        yield key("by_error", job["error_class"])
    records = [json.loads(each) for each in found.get(key("attempts", job_id), [])]
    last = [job["worker"]] if "worker" in job else []
    for worker in {*last, *(record["worker_id"] for record in records)}:
        yield key("by_worker", worker)


def _head(lane: str, members: dict[str, float]) -> tuple[str, float]:
    score, member = min((score, member) for member, score in members.items())
    return f"{member}:{lane}", score


def _held(jobs: dict[str, Job]) -> Dump:
    held: dict[str, Any] = defaultdict(set)
    for job_id, job in jobs.items():
        if job["state"] in LEASED:
            held[key("held", job["worker"])].add(job_id)
    return held


def _until_the_end(jobs: dict[str, Job]) -> Dump:
    """What a job leaves when it ends: its deadline and its unique key."""
    kept: dict[str, Any] = defaultdict(dict)
    for job_id, job in jobs.items():
        if job["state"] not in TERMINAL and "ends_by" in job:
            kept[key("deadlines")][job_id] = float(job["ends_by"])
        if job["state"] not in TERMINAL and "unique" in job:
            kept[key("uniques")][job["unique"]] = job_id
    return kept


def _counts(jobs: dict[str, Job]) -> Dump:
    """How many wait and run, of each type and of each customer."""
    counts: Counter[str] = Counter()
    for job in jobs.values():
        if job["state"] not in TERMINAL:
            stage = "running" if job["state"] in LEASED else "waiting"
            counts[f"{stage}:type:{job['type']}"] += 1
            counts[f"{stage}:customer:{job['customer']}"] += bool(job["customer"])
    found = {field: str(count) for field, count in counts.items() if count}
    return {key("counts"): found} if found else {}


def _lane_jobs(jobs: dict[str, Job]) -> Dump:
    kept = Counter(job["lane"] for job in jobs.values())
    return {key("lane_jobs"): {lane: str(n) for lane, n in kept.items()}} if kept else {}


def _wrong_classes(found: Dump) -> Iterator[str]:
    connected = [facts for _, facts in _family(found, "worker") if facts["session"]]
    expected = {
        "classes": {facts["class"]: facts["capability"] for facts in connected},
        "class_workers": {
            class_: str(n) for class_, n in Counter(facts["class"] for facts in connected).items()
        },
    }
    for noun, says in expected.items():
        if found.get(key(noun), {}) != says:
            yield f"{noun} holds {found.get(key(noun))}, the workers say {says}"


def _wrong_shunned(jobs: dict[str, Job], found: Dump) -> Iterator[str]:
    """Who has failed with the jobs of a lane: the attempts of each of them must tell of all."""
    shunned: dict[str, str] = found.get(key("shunned"), {})
    lanes = {job["lane"] for job in jobs.values() if "~" in job["lane"]}
    if lanes != set(shunned):
        yield f"shunned holds {set(shunned)}, the jobs say {lanes}"
    for lane, workers in shunned.items():
        if sha1(workers.encode()).hexdigest()[:16] != lane.rpartition("~")[2]:  # noqa: S324 - a name
            yield f"{lane} is not named after {workers}"
    for job_id, job in jobs.items():
        records = [json.loads(each) for each in found.get(key("attempts", job_id), [])]
        failed = {
            each["worker_id"] for each in records if each.get("error_class", "lost") not in ANYWHERE
        }
        if not set(json.loads(shunned.get(job["lane"], "[]"))) <= failed:
            yield f"{job_id} waits in {job['lane']}, and has failed on {failed}"


def _wrong_lanes(found: Dump) -> Iterator[str]:
    lanes, log = set(found.get(key("lanes"), {})), found.get(key("lane_log"), {})
    newest = float(found.get(key("lane_version"), 0))
    if lanes != set(log):
        yield f"lane_log holds {set(log)}, lanes {lanes}"
    if len(set(log.values())) != len(log) or max(log.values(), default=0) > newest:
        yield f"lane_log {log} has versions twice, or above lane_version {newest}"


def _wrong_leases(jobs: dict[str, Job], found: Dump) -> Iterator[str]:
    leases = found.get(key("leases"), {})
    leased = {job_id for job_id, job in jobs.items() if job["state"] in LEASED}
    if leased != set(leases):
        yield f"leases holds {set(leases)}, the jobs say {leased}"
    for job_id in leased & set(leases):
        if leases[job_id] > float(jobs[job_id].get("deadline_at", "inf")):
            yield f"the lease of {job_id} outlives its deadline"
    for job_id, job in jobs.items():
        if "adoptable" in job and job["state"] != JobState.PENDING:
            yield f"{job_id} is {job['state']} and adoptable"


def _wrong_past(found: Dump) -> Iterator[str]:
    """The audit stream is the second witness: it must lead to the states that there are."""
    now: dict[str, str] = {}
    for _, line in found.get(key("audit"), []):
        job_id, arrow = line["job"], (line["verb"], line["from"], line["to"])
        if now.get(job_id, "") != line["from"] or arrow not in ARROWS:
            yield f"{job_id} was {now.get(job_id)} before {arrow}"
        now[job_id] = line["to"]
    for job_id, job in _family(found, "job"):
        if job["state"] != now.get(job_id):
            yield f"{job_id} is {job['state']}, its history ends with {now.get(job_id)}"


assert set(INDEXES) <= set(NOUNS)  # a name that is misspelt would check nothing
