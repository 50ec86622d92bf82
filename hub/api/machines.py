"""Machines: tokens with which they enrol, who they are, and how one is shut out again."""

import secrets
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, JSONBody
from msgspec import Meta, Struct

from hub.api.guards import clients
from hub.parts import Parts
from shared.wire import unstructure

Nonce = Annotated[
    str,
    Meta(min_length=16, max_length=200, description="random: the same again, the same answer"),
]


class TokenBody(Struct, forbid_unknown_fields=True, frozen=True):
    """For how long, and for how many machines."""

    ttl_s: Annotated[int, Meta(ge=10, le=2_592_000, description="seconds until it expires")] = 3600
    uses: Annotated[int, Meta(ge=1, le=10_000, description="how many machines")] = 1


class EnrolBody(Struct, forbid_unknown_fields=True, frozen=True):
    """Who enrols."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]
    name: Annotated[str, Meta(min_length=1, max_length=200, description="for people")]
    nonce: Nonce | None = None


Wish = Annotated[
    TokenBody | None,
    Body(examples=[Example(summary="ten machines, a day", value={"ttl_s": 86400, "uses": 10})]),
]


@post(
    "/enrolment-tokens",
    before_request=clients,
    summary="A token with which machines enrol",
    tags=["machines"],
)
async def issue_token(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: Wish = None
) -> dict[str, Any]:
    """It is shown this once, also in the line to paste on a machine: the hub keeps its digest."""
    wish = data or TokenBody()
    parts.installer.url(asked_at := str(request.base_url))
    issued = await parts.machines.issue(wish.uses, wish.ttl_s)
    return {
        "token": issued.token,
        "expires_at": issued.expires_at,
        "uses": wish.uses,
        "install": parts.installer.line(asked_at, issued.token),
    }


@post("/enrol", summary="Become a machine of this hub", tags=["machines"])
async def enrol_machine(parts: NamedDependency[Parts], data: JSONBody[EnrolBody]) -> dict[str, Any]:
    """A credential of the machine's own, shown this once. It opens what a worker's token opens,
    until `DELETE /machines/{id}`. 401 when the token is unknown, used up or expired.
    """
    nonce = data.nonce or secrets.token_hex(16)
    enrolled = await parts.machines.enrol(data.token, data.name, nonce)
    if enrolled is None:
        raise NotAuthorizedException(
            "token: unknown, used up or expired; accepted: a new one of POST /enrolment-tokens"
        )
    return {"machine_id": enrolled.machine_id, "credential": enrolled.credential}


@get(
    "/machines",
    before_request=clients,
    summary="All machines that have enrolled",
    tags=["machines"],
)
async def list_machines(parts: NamedDependency[Parts]) -> dict[str, Any]:
    """Those that enrolled first before the others."""
    found = await parts.machines.all()
    return {"machines": [unstructure(each) for each in found], "total_count": len(found)}


@delete(
    "/machines/{machine_id:str}",
    before_request=clients,
    status_code=200,
    summary="Shut a machine out",
    tags=["machines"],
)
async def revoke_machine(
    machine_id: FromPath[str], parts: NamedDependency[Parts]
) -> dict[str, Any]:
    """Its credential opens nothing any more, and its connection is closed with 1008. What it runs
    goes back to its place as with any worker that is gone.
    """
    if not await parts.machines.revoke(machine_id):
        raise NotFoundException("Machine not found")
    return {"machine_id": machine_id, "status": "revoked"}
