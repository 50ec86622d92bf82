"""The doors, each the `before_request` of its routes: for a guard, Litestar copies the route.

They are coroutines, for it would run functions in threads.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from hub.api.queries import KEYS, check_query
from hub.doors import Doors, Role
from hub.neighbours import ERRAND
from hub.store.hubs import Hubs
from hub.store.machines import Kind, Machines, Secret

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def clients(connection: AnyConnection) -> None:
    """Lets REST clients in."""
    _check(connection, Role.CLIENT)
    check_query(connection)


async def workers_or_clients(connection: AnyConnection) -> None:
    """Lets both in."""
    if await machine_of(connection) is None:
        _refuse_other_origins(connection)
        if not _doors(connection).admit(Role.WORKER, key_of(connection)):
            _check(connection, Role.CLIENT)
    check_query(connection)


async def hubs(connection: AnyConnection) -> None:
    """Lets another hub in, which has left word in Redis for which file it comes."""
    known: Hubs = connection.app.state.hubs
    errand = connection.headers.get(ERRAND, "")
    if not errand or not await known.is_sent_for(errand, connection.path_params["sha256"]):
        raise NotAuthorizedException("only hubs on the same Redis come here")


async def admit_socket(connection: AnyConnection, role: Role) -> str | None:
    """Lets `role` in, and returns the machine, if it is one that has enrolled.

    A page of another origin needs a key: a browser adds none by itself.
    """
    if role is Role.WORKER and (machine := await machine_of(connection)):
        return machine
    doors = _doors(connection)
    is_let_in = doors.admit_socket(role, key_of(connection))
    if not (is_let_in and doors.has_socket_keys(role)):
        _refuse_other_origins(connection)
    if not is_let_in:
        raise _key_is_needed(role)
    return None


async def machine_of(connection: AnyConnection) -> str | None:
    """The machine whose credential was shown; None if none was. Raises when it opens nothing."""
    shown = Secret.read(Kind.CREDENTIAL, key_of(connection))
    if shown is None:
        return None
    machines: Machines = connection.app.state.machines
    if not await machines.admit(shown):
        raise NotAuthorizedException(
            "this machine is not enrolled, or not any more: enrol it with a new token"
        )
    return shown.id


def _check(connection: AnyConnection, role: Role) -> None:
    _refuse_other_origins(connection)
    if not _doors(connection).admit(role, key_of(connection)):
        raise _key_is_needed(role)


def _key_is_needed(role: Role) -> NotAuthorizedException:
    return NotAuthorizedException(
        f"a {role} key is needed: Authorization: Bearer KEY",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _doors(connection: AnyConnection) -> Doors:
    return connection.app.state.doors


def _refuse_other_origins(connection: AnyConnection) -> None:
    """A page of another site, open in a browser on this machine, must not act here."""
    origin = connection.headers.get("origin")
    if origin is None or origin.partition("://")[2] == connection.headers.get("host"):
        return
    if not _doors(connection).admit_page(origin):
        raise PermissionDeniedException("requests from pages of other origins are refused")


def key_of(connection: AnyConnection) -> str | None:
    """The key that was shown: in a header, or, as workers of the original do, in the query."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key
    shown = (connection.query_params.get(each) for each in KEYS)
    return connection.headers.get("x-api-key") or next((each for each in shown if each), None)
