"""Hubs on one Redis: where they are, and leave to fetch a file."""

from hub.store.hubs import GONE_MS, Hubs
from hub.store.keys import key
from tests.support.store import Store

A, B, C = "http://192.0.2.1:3001", "http://192.0.2.2:3001", "http://192.0.2.3:3001"
SHA256, OTHER = "a" * 64, "b" * 64


async def test_a_hub_knows_the_others_and_when_they_were_heard(store: Store) -> None:
    hubs = Hubs(store.client)
    assert await hubs.others(A) == []
    await hubs.announce(A)
    await hubs.announce(B)
    (other,) = await hubs.others(A)
    assert (other.url, other.silent_ms < 10_000) == (B, True)
    assert {each.url for each in await hubs.others(None)} == {A, B}
    await store.client.command("ZINCRBY", key("hubs"), -60_000, B)
    assert (await hubs.others(A))[0].silent_ms >= 60_000


async def test_a_hub_that_is_silent_for_long_is_forgotten(store: Store) -> None:
    hubs = Hubs(store.client)
    await hubs.announce(B)
    await store.client.command("ZINCRBY", key("hubs"), -GONE_MS, B)
    await hubs.announce(C)
    assert [each.url for each in await hubs.others(A)] == [C]
    assert 0 < await store.client.command("PTTL", key("hubs")) <= GONE_MS


async def test_an_errand_is_for_one_file_and_for_a_while(store: Store) -> None:
    hubs = Hubs(store.client)
    errand = await hubs.send_for(SHA256)
    assert await hubs.is_sent_for(errand, SHA256)
    assert not await hubs.is_sent_for(errand, OTHER)
    assert not await hubs.is_sent_for(errand[:-1], SHA256)
    names: list[str] = await store.client.command("KEYS", key("errand") + "*")
    assert len(names) == 1
    assert errand not in names[0]
    assert 0 < await store.client.command("PTTL", names[0]) <= 60_000
