"""Machines and tokens for the tests of the store."""

from attrs import frozen

from hub.store.keys import key
from hub.store.machines import Enrolled, Kind, Machines, Secret
from tests.support.store import Store

NONCE = "a nonce of this test"
Arguments = tuple[str | int, ...]


@frozen
class Admission:
    """A token, and the machine that has enrolled with it."""

    token: str
    machine: Enrolled

    @property
    def shown(self) -> Secret:
        """The machine's credential, as it comes in."""
        secret = Secret.read(Kind.CREDENTIAL, self.machine.credential)
        assert secret is not None
        return secret


async def admission(store: Store, *, uses: int = 1, nonce: str = NONCE) -> Admission:
    """One machine, `box`, and its token."""
    machines = Machines(store.client)
    token = (await machines.issue(uses, 60)).token
    machine = await machines.enrol(token, "box", nonce)
    assert machine is not None
    return Admission(token, machine)


async def issue(_: Store) -> Arguments:
    """What the script of that name is told."""
    return ("0" * 16, "digest", 1, 60_000)


async def enrol(store: Store) -> Arguments:
    """With a token that is there."""
    await store.client.script("issue", *(await issue(store)))
    return ("0" * 16, "digest", "m1", "box", "digest of the credential")


async def greet(store: Store) -> Arguments:
    """By a machine that has enrolled."""
    return ((await admission(store)).machine.machine_id, "w1")


async def revoke(store: Store) -> Arguments:
    """Of a machine that has enrolled."""
    return ("the-operation", (await admission(store)).machine.machine_id)


async def sight(store: Store) -> Arguments:
    """Of one machine that has enrolled, long ago, and one that has not."""
    await unseen_since(store, mine := await admission(store), 1)
    return (mine.machine.machine_id, "a stranger")


async def lapse(store: Store) -> Arguments:
    """Of a machine that has enrolled."""
    return ((await admission(store)).machine.machine_id, 0)


async def unseen_since(store: Store, admitted: Admission, at_ms: int) -> None:
    """As when a machine was seen for the last time at `at_ms`."""
    await store.client.command("ZADD", key("machines"), at_ms, admitted.machine.machine_id)
