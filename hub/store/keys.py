"""Every Redis key name, once, for Python and for Lua.

All keys share the hash tag `{emp}`, so that one queue lives in one slot of a cluster. A name that
ends in ":" is a family: the owner's id follows.
"""

PREFIX = "{emp}:"
ROOT = PREFIX + "queue"
"""Never written: it tells a cluster which node runs a script."""

NOUNS: dict[str, str] = {
    # facts about one thing, named by its id
    "job": "job:",  # HASH: spec, state, lease, times, progress, result
    "attempts": "attempts:",  # LIST of JSON: the ended attempts of a job, never changed
    "events": "events:",  # STREAM, capped, and a channel: what readers of a job are told
    "replays": "replays:",  # LIST of job ids: the jobs that replay one that has ended
    "workflow": "workflow:",  # HASH: priority, submitted_at, state, times; of a graph its shape
    "steps": "steps:",  # HASH: the steps of a graph as state:<name>, job:<name>, error:<name>
    "step_specs": "step_specs:",  # HASH: step of a graph -> the job it becomes, JSON
    "worker": "worker:",  # HASH: capability, class, session, slots, status, times
    "models": "models:",  # HASH: file of a model that a worker has -> size, and SHA-256 or ""
    "held": "held:",  # SET of job ids: the leases a worker has
    "op": "op:",  # STRING, short TTL: the reply of an operation that was carried out
    "answer": "answer:",  # HASH, TTL: a request with an idempotency key, and how it was answered
    "machine": "machine:",  # HASH: digest of its credential, name, times, agent
    "enrolment": "enrolment:",  # HASH, TTL: a token's digest, and how many machines may use it yet
    # waiting
    "lane": "lane:",  # ZSET: score -priority, member time:step:seq:job
    "lanes": "lanes",  # HASH: lane id -> requirement, canonical JSON
    "lane_jobs": "lane_jobs",  # HASH: lane id -> how many of its jobs are kept
    "shunned": "shunned",  # HASH: lane id -> the workers that have failed with its jobs, JSON
    "lane_log": "lane_log",  # ZSET: lane id by the version that added it
    "lane_version": "lane_version",  # STRING: how many lanes have ever been added
    "heads": "heads",  # ZSET: the first member of every lane, with ":lane" behind it
    "eligible": "eligible:",  # ZSET, TTL: the lanes a class of workers can serve; "": its version
    "delayed": "delayed",  # ZSET: job id by the time it is due
    "deadlines": "deadlines",  # ZSET: job id by the time by which it must have ended
    "uniques": "uniques",  # HASH: unique key, per customer -> the job that waits or runs under it
    # running
    "leases": "leases",  # ZSET: job id by the time its lease runs out
    # limits
    "limits": "limits",  # HASH: (waiting|running):(type|customer):name, or * -> how many may
    "counts": "counts",  # HASH: the same fields -> how many do
    # workflows: ZSET of workflow id
    "workflows": "workflows",  # by the time it was created
    "advancing": "advancing",  # by the time a step of its graph ended, until a hub has acted on it
    "vacant": "vacant",  # by the time since when it has neither jobs nor steps to do
    # indexes: ZSET of job id by submission number
    "jobs": "jobs",
    "by_status": "by_status:",
    "by_type": "by_type:",
    "by_customer": "by_customer:",
    "by_worker": "by_worker:",
    "by_workflow": "by_workflow:",
    "by_error": "by_error:",  # those that have failed for good, by the class of their error
    # the rest
    "finished": "finished:",  # ZSET: job id by the time it ended, for retention
    "machines": "machines",  # ZSET: machine id by the time it was last seen
    "workers": "workers",  # ZSET: worker id by the time it was last heard
    "classes": "classes",  # HASH: class of connected workers -> capability, canonical JSON
    "class_workers": "class_workers",  # HASH: the same classes -> how many workers
    "class_version": "class_version",  # STRING: how often a class has come or gone
    "seq": "seq",  # STRING: the last submission number
    "leader": "leader",  # STRING, TTL: the hub that does the periodic work
    "duties": "duties",  # HASH: chore -> JSON of its last run
    "audit": "audit",  # STREAM, capped: one line for every transition
    "hubs": "hubs",  # ZSET, TTL: address of a hub by the time it was last heard
    "errand": "errand:",  # STRING, short TTL: the file that one hub may fetch from another
    "instance": "instance",  # STRING: which queue this is
    "probe": "probe",  # STRING, short TTL: proof that writes work
    "news": "news",  # pub/sub channel
}


def key(noun: str, owner: str = "") -> str:
    """The key of `noun`, for families that of its `owner`."""
    return PREFIX + NOUNS[noun] + owner


def lua_prelude() -> str:
    """`KEY`, the same names for scripts; families end in ":"."""
    rows = ", ".join(f"{noun}='{PREFIX}{name}'" for noun, name in NOUNS.items())
    return f"local KEY = {{{rows}}}"
