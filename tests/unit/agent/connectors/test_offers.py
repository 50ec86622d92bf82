"""What the connectors of a machine offer together."""

import pytest

from agent.connectors.base import ConnectorError, Offer
from agent.connectors.offers import (
    NoConnectorError,
    asked_again,
    capability,
    close_all,
    open_all,
    serving,
)
from shared.matching import Hardware, Requirement, satisfies
from tests.fakes.connector import ScriptedConnector

HARDWARE = Hardware(gpu_count=1)


async def test_what_opens_is_kept_and_the_rest_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = ScriptedConnector("a"), ScriptedConnector("b", unusable="not running; start it")
    assert [each.connector for each in await open_all([bad, good])] == [good]
    assert "not running; start it" in caplog.text


async def test_without_any_connector_the_reasons_are_told() -> None:
    bad = [ScriptedConnector(unusable="not running"), ScriptedConnector(unusable="no licence")]
    with pytest.raises(NoConnectorError, match=r"not running.*no licence"):
        await open_all(bad)


async def test_a_connector_that_opens_without_an_offer_is_closed_again() -> None:
    class Mute(ScriptedConnector):
        async def offer(self) -> Offer:
            assert self.is_open
            raise ConnectorError("says nothing")

    mute = Mute()
    with pytest.raises(NoConnectorError, match="says nothing"):
        await open_all([mute])
    assert not mute.is_open


async def test_one_that_does_not_close_keeps_no_other_from_closing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stuck(ScriptedConnector):
        async def close(self) -> None:
            raise RuntimeError("stuck")

    good = ScriptedConnector()
    await close_all(await open_all([Stuck(), good]))
    assert not good.is_open
    assert "stuck" in caplog.text


async def test_what_is_offered_now_is_asked_again_and_a_silent_one_keeps_its_offer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Changing(ScriptedConnector):
        offers = 0

        async def offer(self) -> Offer:
            self.offers += 1
            if self.offers == 3:
                raise ConnectorError("busy")
            return Offer(services=("a",), models=(f"m{self.offers}",))

    ready = await open_all([Changing(), ScriptedConnector("b")])
    ready = await asked_again(ready)
    assert [each.offer.models for each in ready] == [("m2",), None]
    assert await asked_again(ready) == ready
    assert "does not tell what it has: busy" in caplog.text


async def test_of_two_that_offer_a_service_the_first_serves_it() -> None:
    first, second = ScriptedConnector("a", "b"), ScriptedConnector("b", "c")
    assert serving(await open_all([first, second])) == {"a": first, "b": first, "c": second}


def test_offers_unite() -> None:
    offers = [
        Offer(services=("a",), models=("m", "n"), components=("x",), custom_nodes=("k",)),
        Offer(services=("b", "a"), models=("o",), components=("x", "y"), custom_nodes=()),
    ]
    united = capability(offers, HARDWARE)
    assert united.services == ("a", "b")
    assert united.components == ("x", "y")
    assert united.custom_nodes == ("k",)
    assert united.hardware == HARDWARE


def test_models_are_told_by_service() -> None:
    offers = [
        Offer(services=("a", "aa"), models=("m",)),
        Offer(services=("b",), models=("o",)),
    ]
    assert capability(offers, HARDWARE).models == {"a": ("m",), "aa": ("m",), "b": ("o",)}


def test_where_no_offer_states_a_limit_there_is_none() -> None:
    united = capability([Offer(services=("a",)), Offer(services=("b",))], HARDWARE)
    assert (united.components, united.models, united.custom_nodes) == (None, None, None)


def test_an_offer_without_limits_does_not_lift_those_of_another() -> None:
    united = capability([Offer(services=("a",)), Offer(services=("b",), models=("o",))], HARDWARE)
    assert not satisfies(united, Requirement(service_type="b", models=("p",)))
    assert satisfies(united, Requirement(service_type="b", models=("o",)))
