"""Answers to requests that were sent with an idempotency key, to be given again."""

import base64
import json
import secrets
import zlib
from enum import StrEnum

from attrs import field, frozen

from hub.store.client import Client

HOLD_S = 10.0
"""How long a request that never came back has its key. One that takes longer and is sent again is
carried out twice, as one operation.
"""
TTL_S = 25 * 3600.0
"""How long an answer is kept."""


@frozen
class Answer:
    """What a request was answered."""

    status: int
    content_type: str
    body: bytes


class Refusal(StrEnum):
    """Why a request may not act."""

    BUSY = "busy"  # the first with this key is being carried out
    OTHER = "other"  # the key was used for a request that is not the same


@frozen
class Answers:
    """The idempotency keys in use. An id names a key and who used it."""

    client: Client
    hold_s: float = field(default=HOLD_S)

    async def reserve(self, id_: str, fingerprint: str) -> Answer | Refusal | str:
        """The answer, if there is one; else the name under which to settle, or why not to act."""
        holder = secrets.token_hex(8)
        tag, *told = await self.client.script(
            "reserve", id_, fingerprint, holder, int(self.hold_s * 1000), int(TTL_S * 1000)
        )
        if tag == "kept":
            return _unpacked(told[0])
        return holder if tag == "reserved" else Refusal(tag)

    async def settle(self, id_: str, holder: str, answer: Answer | None) -> bool:
        """Keep the answer, or let another request act; whether the key was still the holder's."""
        packed = "" if answer is None else _packed(answer)
        return (await self.client.script("settle", id_, holder, packed))[0] == "settled"


def _packed(answer: Answer) -> str:
    body = base64.b64encode(zlib.compress(answer.body)).decode()
    return json.dumps([answer.status, answer.content_type, body])


def _unpacked(text: str) -> Answer:
    status, content_type, body = json.loads(text)
    return Answer(status, content_type, zlib.decompress(base64.b64decode(body)))
