"""muster: who is connected, and what each class of workers can do."""

from typing import Any

from attrs import define

from hub.store.client import Client
from hub.store.presence import Presence, Present
from shared.matching import Capability
from tests.support.store import CAPABILITY, Hand, Store, spec

OTHER = Capability(services=("comfyui",), labels={"disk": "nvme"})


async def test_nobody_is_there_at_first(store: Store) -> None:
    fleet = await store.presence.muster()
    assert (fleet.workers, fleet.classes) == ([], {})


async def test_every_connected_worker_is_there_with_its_room(store: Store, hand: Hand) -> None:
    other = await store.hand("w2", capability=OTHER, slots=1)
    gone = await store.hand("w3")
    await store.workers.depart("w3", gone.session, 9)
    for _ in range(2):
        await store.jobs.submit(spec())
    await hand.claim(2)
    await store.jobs.submit(spec("comfyui"))
    await other.claim()
    fleet = await store.presence.muster()
    assert sorted(fleet.workers, key=lambda each: each.worker_id) == [
        Present("w1", hand.class_, 10, 2), Present("w2", other.class_, 1, 1),
    ]  # fmt: skip
    assert {each.worker_id: each.room for each in fleet.workers} == {"w1": 8, "w2": 0}
    assert fleet.classes == {hand.class_: CAPABILITY, other.class_: OTHER}


async def test_a_worker_with_fewer_slots_than_jobs_has_no_room() -> None:
    assert Present("w", "c", 1, 2).room == 0


async def test_a_class_goes_with_its_last_worker_and_comes_back(store: Store, hand: Hand) -> None:
    twin = await store.hand("w2")
    await store.workers.depart("w1", hand.session, 9)
    assert set((await store.presence.muster()).classes) == {hand.class_}
    await store.workers.depart("w2", twin.session, 9)
    assert (await store.presence.muster()).classes == {}
    await store.hand("w2", session="s2")
    assert set((await store.presence.muster()).classes) == {hand.class_}


async def test_a_worker_that_changes_takes_its_class_along(store: Store, hand: Hand) -> None:
    changed = await store.hand("w1", session="s1", capability=OTHER)
    fleet = await store.presence.muster()
    assert fleet.classes == {changed.class_: OTHER}
    assert [each.class_ for each in fleet.workers] == [changed.class_]


async def test_a_worker_that_is_taken_over_is_there_once(store: Store, hand: Hand) -> None:
    await store.hand("w1", session="s2")
    assert [each.worker_id for each in (await store.presence.muster()).workers] == ["w1"]


async def test_a_forgotten_worker_is_gone_whether_it_departed_or_not(
    store: Store, hand: Hand
) -> None:
    other = await store.hand("w2", capability=OTHER)
    await store.workers.depart("w2", other.session, 9)
    for worker_id in ("w1", "w2"):
        assert await store.workers.forget(worker_id, 0)
    assert (await store.presence.muster()).classes == {}


async def test_capabilities_are_read_once_as_long_as_the_classes_are_the_same(
    store: Store, hand: Hand
) -> None:
    first = await store.presence.muster()
    await store.hand("w2")
    again = await store.presence.muster()
    assert again.classes is first.classes
    await store.hand("w3", capability=OTHER)
    third = await store.presence.muster()
    assert third.classes[hand.class_] is first.classes[hand.class_]
    assert len(third.classes) == 2


@define
class Late(Client):
    """The classes leave just before they are asked for."""

    async def command(self, *command: str | float) -> Any:
        return {} if command[0] == "HGETALL" else await super().command(*command)


async def test_a_worker_whose_class_left_between_two_looks_is_left_out(
    store: Store, hand: Hand
) -> None:
    late = Late(store.client.redis)
    await late.open()
    assert (await Presence(late).muster()).workers == []
