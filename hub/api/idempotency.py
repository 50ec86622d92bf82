"""`Idempotency-Key`: a request that is sent twice acts once, and is answered the same.

One place for all routes. What was answered is kept in Redis, for whoever showed the same API key.
Answers that say "try again" (and 5xx, after which nobody knows) are not kept: the same request may
act again, under the same operation. PUT needs no key: it says what shall be.
"""

import hashlib
import logging
import re
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from attrs import define, field, frozen
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from hub.api.answers import messages
from hub.api.guards import key_of
from hub.doors import Doors, Role
from hub.store.answers import Answer, Answers, Refusal
from hub.store.client import StoreFullError, StoreUnavailableError
from shared.fields import FieldError

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
MUTATING = frozenset({"POST", "PATCH", "DELETE"})
ACCEPTED = re.compile(r"[!-~]{1,200}")
REPLAYED = (b"idempotency-replayed", b"true")
UNKEPT = frozenset({"/enrolment-tokens", "/enrol"})
"""Their answers are secrets, which Redis is not to hold; `POST /enrol` has its nonce instead."""
PASSING = frozenset({202, 401, 403, 429})
"""Answers that may be another the next time, though the request is the same; 202 is of a job that
goes on, under the id that follows from the key."""


def job_id_of(scope: Scope) -> str | None:
    """The id that the job of this request must have, so that it is one job however often the
    request is carried out; None for a request without a key."""
    id_: str | None = scope["state"].get("idempotency")
    return None if id_ is None else str(UUID(hex=id_[:32], version=4))


def operation_of(scope: Scope) -> str | None:
    """The operation of this request, the same however often it is carried out; None without a key."""
    id_: str | None = scope["state"].get("idempotency")
    return None if id_ is None else id_[:24]


@frozen
class Idempotency(ASGIMiddleware):
    """Answers what was asked before under the same key as it was answered then."""

    answers: Answers
    doors: Doors
    largest: int  # bytes of a request that can have a key

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass on what has no key."""
        is_kept = _method(scope) in MUTATING and scope["path"] not in UNKEPT
        if not is_kept or not (key := _key(scope)):
            await next_app(scope, receive, send)
            return
        shown = key_of(ASGIConnection(scope))
        heard = await _Heard.read(receive, self.largest)
        # Whom the doors do not let in, what is too large or was broken off: refused further on.
        if not heard.is_whole or not any(self.doors.admit(role, shown) for role in Role):
            await next_app(scope, heard.again, send)
            return
        id_ = _digest(shown or "", key)
        answer = await self._answer(id_, scope, heard, next_app)
        for message in answer:
            await send(message)

    async def _answer(
        self, id_: str, scope: Scope, heard: "_Heard", next_app: ASGIApp
    ) -> list[Any]:
        path = scope["path"], scope["query_string"].decode("latin-1")
        fingerprint = _digest(_method(scope), *path, hashlib.sha256(heard.body).hexdigest())
        reserved = await self.answers.reserve(id_, fingerprint)
        if isinstance(reserved, Refusal):
            raise _refusal(reserved)
        if isinstance(reserved, Answer):
            content_type = reserved.content_type.encode()
            return list(messages(reserved.status, reserved.body, content_type, REPLAYED))
        scope["state"]["idempotency"] = id_
        said = _Said()
        await next_app(scope, heard.again, said)
        # An answer that cannot be kept is an answer all the same; the key is free again in a while.
        with suppress(StoreFullError, StoreUnavailableError):
            await self.answers.settle(id_, reserved, said.lasting)
        return said.messages


def _key(scope: Scope) -> str | None:
    """The key that was sent. Raises `FieldError`."""
    name = HEADER.lower().encode()
    given = next((value for each, value in scope["headers"] if each == name), None)
    if given is None:
        return None
    key = given.decode("latin-1").strip().strip('"')
    if not ACCEPTED.fullmatch(key):
        raise FieldError(HEADER, "cannot be a key", "1 to 200 visible ASCII characters")
    return key


def _method(scope: Scope) -> str:
    return cast("HTTPScope", scope)["method"]


def _refusal(why: Refusal) -> HTTPException:
    if why is Refusal.BUSY:
        return ClientException(
            f"{HEADER}: the first request with this key is being carried out; try again",
            status_code=409,
            headers={"Retry-After": "1"},
        )
    return ClientException(
        f"{HEADER}: was used for another request; accepted: a new key for a new request",
        status_code=422,
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


@define
class _Heard:
    """A request that was read, and can be read again."""

    receive: Receive
    messages: list[Any] = field(factory=list)
    body: bytes = b""
    is_whole: bool = False

    @classmethod
    async def read(cls, receive: Receive, largest: int) -> "_Heard":
        """Everything, unless it is larger than `largest` bytes or the client goes away."""
        heard, has_more, parts, size = cls(receive), True, list[bytes](), 0
        while has_more and size <= largest:
            message: Any = await receive()
            heard.messages.append(message)
            has_more = message.get("more_body", False)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        heard.body = b"".join(parts)
        heard.is_whole = size <= largest and heard.messages[-1]["type"] == "http.request"
        heard.messages.reverse()
        return heard

    async def again(self) -> Any:
        """What was read, then what comes."""
        return self.messages.pop() if self.messages else await self.receive()


@define
class _Said:
    """An answer, held back until it is kept."""

    messages: list[Any] = field(factory=list)

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def lasting(self) -> Answer | None:
        """The answer, if it is to be given again."""
        status: int = self.messages[0]["status"]
        if status in PASSING or status >= HTTP_500_INTERNAL_SERVER_ERROR:
            return None
        headers: dict[bytes, bytes] = dict(self.messages[0]["headers"])
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        return Answer(status, headers.get(b"content-type", b"").decode(), body)
