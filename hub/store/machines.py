"""Machines that have enrolled: each shows a credential of its own, which can be revoked.

Redis holds digests only. A secret carries the id under which its digest lies, so that it is found
without a search, and compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
from asyncio import gather
from collections.abc import Sequence
from enum import StrEnum

from attrs import field, frozen

from hub.store.client import Client
from hub.store.facts import number
from hub.store.jobs import operation
from hub.store.keys import key

NOBODY = "0" * 64
"""What a secret is compared with when there is nothing to compare it with."""
AT_ONCE = 500
"""How many machines one call to the server is about."""


class Kind(StrEnum):
    """What a secret is for."""

    TOKEN = "enrol"  # noqa: S105 - a word, no token
    CREDENTIAL = "machine"


@frozen
class Secret:
    """A secret by its parts. `text` is what is shown, once."""

    kind: Kind
    id: str
    rest: str = field(repr=False)

    @classmethod
    def new(cls, kind: Kind) -> "Secret":
        """Nobody can guess it."""
        return cls(kind, secrets.token_hex(8), secrets.token_hex(32))

    @classmethod
    def read(cls, kind: Kind, text: str | None) -> "Secret | None":
        """What was shown, if it has the form of this kind."""
        found = _FORM.fullmatch(text or "")
        return cls(kind, found["id"], found["rest"]) if found and found["kind"] == kind else None

    @property
    def text(self) -> str:
        """The whole of it."""
        return f"emp-{self.kind}.{self.id}.{self.rest}"

    @property
    def digest(self) -> str:
        """What Redis may know."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def credential(self, nonce: str) -> "Secret":
        """What a machine gets for this token: the same for the same nonce, whose holder it is."""

        def drawn(what: str) -> str:
            words = f"{what}\0{nonce}".encode()
            return hmac.digest(self.text.encode(), words, "sha256").hex()

        return Secret(Kind.CREDENTIAL, drawn("id")[:16], drawn("secret"))


_FORM = re.compile(r"emp-(?P<kind>enrol|machine)\.(?P<id>[0-9a-f]{16})\.(?P<rest>[0-9a-f]{64})")


@frozen
class Issued:
    """A new token, and until when it can be used, in milliseconds since the epoch."""

    token: str = field(repr=False)
    expires_at: int


@frozen(kw_only=True)
class Machine:
    """A machine as the store knows it. Times are milliseconds since the epoch."""

    machine_id: str
    name: str
    enrolled_at: int
    seen_at: int  # to within minutes while it is connected
    connected_at: int | None
    agent_id: str | None


@frozen
class Enrolled:
    """Who a machine is from now on."""

    machine_id: str
    credential: str = field(repr=False)


@frozen
class Machines:
    """The machines that may come in, and the tokens with which more of them may enrol."""

    client: Client

    async def issue(self, uses: int, ttl_s: int) -> Issued:
        """A token for so many machines."""
        token = Secret.new(Kind.TOKEN)
        reply = await self.client.script("issue", token.id, token.digest, uses, ttl_s * 1000)
        return Issued(token.text, int(reply[1]))

    async def enrol(self, shown: str, name: str, nonce: str) -> Enrolled | None:
        """Take a machine in, or None if the token opens nothing. The same nonce: the same answer."""
        token = Secret.read(Kind.TOKEN, shown)
        if token is None:
            return None
        mine = token.credential(nonce)
        known = await self._digest("enrolment", token.id)
        # A token that is gone may have enrolled this very machine: the script knows.
        digest = token.digest if hmac.compare_digest(known, token.digest) else NOBODY
        reply = await self.client.script("enrol", token.id, digest, mine.id, name, mine.digest)
        return Enrolled(mine.id, mine.text) if reply[0] == "enrolled" else None

    async def admit(self, shown: Secret) -> bool:
        """Whether this credential is one of a machine that has enrolled."""
        return hmac.compare_digest(await self._digest("machine", shown.id), shown.digest)

    async def greet(self, machine_id: str, agent_id: str) -> bool:
        """Note that a machine is connected; whether it is one still."""
        return (await self.client.script("greet", machine_id, agent_id))[0] == "greeted"

    async def sight(self, machine_ids: Sequence[str]) -> None:
        """Note that machines are connected still."""
        for each in range(0, len(machine_ids), AT_ONCE):
            await self.client.script("sight", *machine_ids[each : each + AT_ONCE])

    async def unseen(self, for_s: float) -> list[str]:
        """Some of the machines that have not been seen for so long, the longest first."""
        seconds, _ = await self.client.command("TIME")
        before_ms = int((int(seconds) - for_s) * 1000)
        return await self.client.command(
            "ZRANGE", key("machines"), "-inf", before_ms, "BYSCORE", "LIMIT", 0, AT_ONCE
        )

    async def lapse(self, machine_id: str, unseen_s: float) -> bool:
        """Let a machine in no more that has not been seen for so long; whether it was not."""
        return (await self.client.script("lapse", machine_id, int(unseen_s * 1000)))[0] == "lapsed"

    async def revoke(self, machine_id: str) -> bool:
        """Let a machine in no more; whether there was one."""
        return (await self.client.script("revoke", operation(), machine_id))[0] == "revoked"

    async def all(self) -> list[Machine]:
        """Every machine, those that enrolled first before the others."""
        told = await self.client.command("ZRANGE", key("machines"), 0, -1, "WITHSCORES")
        found = await gather(*[self._machine(id_, int(at)) for id_, at in told])
        return sorted(filter(None, found), key=lambda each: (each.enrolled_at, each.machine_id))

    async def is_enrolled(self, machine_id: str) -> bool:
        """Whether there is such a machine."""
        return await self.client.command("EXISTS", key("machine", machine_id)) == 1

    async def _digest(self, noun: str, id_: str) -> str:
        return await self.client.command("HGET", key(noun, id_), "digest") or NOBODY

    async def _machine(self, machine_id: str, seen_at: int) -> Machine | None:
        facts: dict[str, str] = await self.client.command("HGETALL", key("machine", machine_id))
        if not facts:  # it was revoked meanwhile
            return None
        return Machine(
            machine_id=machine_id,
            name=facts["name"],
            enrolled_at=int(facts["enrolled_at"]),
            seen_at=seen_at,
            connected_at=number(facts.get("connected_at")),
            agent_id=facts.get("agent"),
        )
