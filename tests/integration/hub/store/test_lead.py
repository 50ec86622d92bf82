"""lead: one hub at a time does the periodic work."""

from hub.store.duties import Duties, Run
from hub.store.keys import key
from tests.support.store import Store


async def test_the_first_to_ask_leads_and_the_others_follow(store: Store) -> None:
    duties = Duties(store.client)
    assert await duties.leader() is None
    assert await duties.lead("hub-1", 60)
    assert not await duties.lead("hub-2", 60)
    assert await duties.leader() == "hub-1"


async def test_whoever_leads_extends_its_term(store: Store) -> None:
    duties = Duties(store.client)
    await duties.lead("hub-1", 1)
    assert await duties.lead("hub-1", 60)
    assert await store.client.command("PTTL", key("leader")) > 50_000


async def test_when_a_term_has_ended_another_hub_leads(store: Store) -> None:
    duties = Duties(store.client)
    await duties.lead("hub-1", 60)
    await store.client.command("DEL", key("leader"))  # as its end does
    assert await duties.lead("hub-2", 60)


async def test_the_last_run_of_each_chore_is_remembered(store: Store) -> None:
    duties = Duties(store.client)
    runs = [Run(at=n, hub="hub-1", took_ms=1.5, result="3 removed") for n in (1, 2)]
    for run in runs:
        await duties.note("retention", run)
    assert await duties.runs() == {"retention": runs[1]}
