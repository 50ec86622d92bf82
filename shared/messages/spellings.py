"""Other names and shapes under which the original's programs and documents say the same."""

from collections.abc import Callable
from typing import Any, cast

Fields = dict[str, Any]

ALIASES: dict[str, str] = {
    "complete_job_ack": "job_completed_ack",
    "request_job": "claim_job",
    "update_progress": "update_job_progress",
    "job_failed": "fail_job",
    "job_accepted_by_worker": "update_job_progress",
    "update_capabilities": "worker_status",
    "update_worker_capabilities": "worker_status",
    "system_stats_request": "request_stats",
}
"""Documented names of message types whose meaning is that of another type."""

EXPLAINED: dict[str, str] = {
    "subscribe_worker_updates": 'send subscribe_stats with include_sections ["workers"]',
    "worker_disconnected": "the hub finds that out by itself; look at stats_broadcast",
    "worker_performance_update": "put the figures into worker_heartbeat.system_info",
    "queue_status_update": "send subscribe_stats; stats_broadcast has the queues",
    "system_alert": "alerts are no messages here; look at the hub's health and log",
    "server_disconnect": "the hub says it by its close code: 1012 means come back soon",
    "sync_job_state": "send request_job_status, or name the leases in worker_heartbeat.running",
}
"""Documented names that mean nothing here, and what to do instead."""


def respelled(fields: Fields) -> Fields:
    """The same frame in the words of the message classes."""
    said: str = fields["type"]
    name = ALIASES.get(said, said)
    if said == "job_accepted_by_worker":
        fields = {"progress": 0} | fields
    change = _CHANGES.get(name)
    if change is not None:
        fields = change(fields)
    return fields if name == said else fields | {"type": name}


def _registration(fields: Fields) -> Fields:
    """Services may also be named as connectors or job types, beside the capabilities or in them."""
    given = fields.get("capabilities")
    if given is not None and not isinstance(given, dict):
        return fields
    capabilities = cast("Fields", given or {})
    if "services" in capabilities:
        return fields
    for source in (capabilities, fields):
        for name in ("supported_job_types", "job_types", "connectors"):
            if isinstance(source.get(name), list):
                return fields | {"capabilities": capabilities | {"services": source[name]}}
    return fields


def _status(fields: Fields) -> Fields:
    given = fields.get("capabilities")
    if given is None or (isinstance(given, dict) and "services" in given):
        return fields
    return _registration(fields)


def _claim(fields: Fields) -> Fields:
    if "max_jobs" in fields and "slots" not in fields:
        fields = fields | {"slots": fields["max_jobs"]}
    timeout = fields.get("claim_timeout")
    if isinstance(timeout, int) and timeout >= FROM_HERE_MILLISECONDS:
        fields = fields | {"claim_timeout": timeout / 1000}
    return fields


_CHANGES: dict[str, Callable[[Fields], Fields]] = {
    "register_worker": _registration,
    "worker_status": _status,
    "claim_job": _claim,
}
FROM_HERE_MILLISECONDS = 1000
"""A `claim_timeout` from here on is in milliseconds: one half of the original writes them."""
