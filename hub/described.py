"""The messages of the wire, described from their classes: fields, schema, an example of each."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args, get_origin

import attrs

from shared.jobs import Lease
from shared.matching import Capability
from shared.messages import MESSAGES, Message, Picture
from shared.wire import unstructure

Schema = dict[str, Any]

PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    dict[str, Any]: {"type": "object"},
}

JOB_ID = "0b6e7a3c-52a4-4a58-9a5f-2f2f1a3f7c11"
LEASE = "9f0c2d7e41b64a5d8c3e0f1a2b3c4d5e"
EXAMPLES: dict[str, Any] = {
    "job_id": JOB_ID,
    "worker_id": "gpu-0",
    "client_id": "shop",
    "capabilities": Capability(services=("comfyui",), models={"comfyui": ("sdxl.safetensors",)}),
    "heartbeat_s": 10.0,
    "lease_s": 30.0,
    "attempt": 1,
    "lease": LEASE,
    "running": (Lease(JOB_ID, 1, LEASE),),
    "request_id": "7d1e6b0c4f2a49b38c5d9e7f01234567",
    "lines": 100,
    "job_type": "comfyui",
    "priority": 50,
    "params": {"prompt": "a harbour at dawn"},
    "payload": {"prompt": "a harbour at dawn"},
    "progress": 40.0,
    "status": "in_progress",
    "message": "step 8 of 20",
    "preview": Picture(mime_type="image/png", content="iVBORw0KGgo="),
    "error": "the engine ran out of memory",
    "content": "type: 'coffee' is not a message type",
    "stats": {"system": {"queues": {"priority": 3, "standard": 0, "total": 3}}},
    "system": {"jobs": {"total": 4, "status": {"pending": 3, "active": 1}}},
    "subscription_type": "stats",
    "result": {"files": []},
    "pending_jobs": 3,
    "active_workers": 2,
    "enabled": True,
    "channels": ("jobs",),
    "service_type": "comfyui",
    "method": "POST",
    "endpoint": "/prompt",
    "connector_type": "comfyui",
    "chunk_id": "m1",
    "chunk_index": 0,
    "total_chunks": 1,
    "data": "eyJ0eXBlIjogInBpbmcifQ==",
    "data_hash": "48dc423fa41ce224a0f447612ebb524339b3279a1d1edf3ee6564578fe9743db",
}
SHOWN: dict[str, tuple[str, ...]] = {
    "update_job_progress": ("message", "attempt", "lease"),
    "complete_job": ("worker_id", "result", "attempt", "lease"),
    "fail_job": ("worker_id", "error", "attempt", "lease"),
    "release_job": ("attempt", "lease"),
    "worker_heartbeat": ("running",),
    "submit_job": ("priority",),
    "job_accepted": ("status",),
    "job_completed": ("worker_id", "result"),
    "job_update": ("priority", "progress"),
    "system_status": ("active_workers", "pending_jobs"),
    "stats_broadcast": ("system",),
    "service_request": ("job_id", "service_type", "endpoint", "method"),
    "connector_ws_status": ("connector_type",),
    "response_job_status": ("progress", "worker_id"),
    "subscribe": ("channels",),
    "job_available": ("priority",),
}
"""Fields that an example shows although they may be left out."""
STATUSES = {
    "job_accepted": "pending",
    "job_completed_ack": "completed",
    "job_failed_ack": "delayed",
}


def fields_of(cls: type[Any]) -> Iterator["attrs.Attribute[Any]"]:
    """The fields that are said."""
    return (each for each in attrs.fields(cls) if each.name != "envelope")


def schema(kind: Any) -> Schema:
    """The JSON schema of a field's type."""
    if kind in PLAIN:
        return PLAIN[kind]
    if parts := get_args(kind):
        return _of_parts(get_origin(kind), parts)
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [each.value for each in kind]}
    return _of_class(kind)


def message_schema(cls: type[Message]) -> Schema:
    """The JSON schema of a whole frame."""
    described = _of_class(cls)
    described["properties"] = {
        "type": {"const": cls.type},
        "id": {"type": "string"},
        "timestamp": {"type": "integer", "description": "milliseconds since the epoch"},
    } | described["properties"]
    described["required"] = ["type", *described["required"]]
    return described


def example(cls: type[Message]) -> str:
    """A frame of this type, as the hub would accept or send it."""
    said = {each.name: EXAMPLES[each.name] for each in fields_of(cls) if _is_shown(cls, each)}
    if cls.type in STATUSES:
        said["status"] = STATUSES[cls.type]
    if cls.type == "connection_established":
        said["message"] = "register_worker is next"
    shown = {name: unstructure(value) for name, value in said.items()}
    return json.dumps({"type": cls.type, "id": "m1", "timestamp": 1_764_000_000_000} | shown)


def _is_shown(cls: type[Message], attribute: "attrs.Attribute[Any]") -> bool:
    return attribute.default is attrs.NOTHING or attribute.name in SHOWN.get(cls.type, ())


def _of_parts(origin: Any, parts: tuple[Any, ...]) -> Schema:
    if origin is tuple:
        return {"type": "array", "items": schema(parts[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema(parts[1])}
    return {"anyOf": [schema(each) for each in parts]}


def _of_class(cls: type[Any]) -> Schema:
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "properties": {each.name: schema(each.type) for each in fields_of(cls)},
        "required": [each.name for each in fields_of(cls) if each.default is attrs.NOTHING],
    }


def markdown() -> str:
    """Every message with its direction, its fields and an example."""
    return "\n".join(_section(cls) for _, cls in sorted(MESSAGES.items()))


def _section(cls: type[Message]) -> str:
    rows = [
        f"| `{each.name}` | {_type_name(each.type)} | {_default(each)} |" for each in fields_of(cls)
    ]
    table = ["| field | type | when left out |", "|---|---|---|", *rows] if rows else ["No fields."]
    return "\n".join(
        [
            f"### {cls.type}", "", " · ".join(cls.ways), "",
            " ".join((cls.__doc__ or "").split()), "", *table, "",
            "```json", example(cls), "```", "",
        ]
    )  # fmt: skip


def _type_name(kind: Any) -> str:
    names = [
        each.__name__ if isinstance(each, type) and not get_args(each) else str(each)
        for each in (get_args(kind) if type(None) in get_args(kind) else (kind,))
        if each is not type(None)
    ]
    return " or ".join(names).replace("typing.", "").replace("shared.", "").replace("jobs.", "")


def _default(attribute: "attrs.Attribute[Any]") -> str:
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # pyright: ignore[reportArgumentType] - it is a class
        return "empty"
    if default is None:
        return "none"
    return f"`{json.dumps(unstructure(default))}`"
