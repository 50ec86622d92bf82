"""Whether the server can be used, and what it offers."""

import pytest
from attrs import evolve

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.integration.agent.a1111.jobs import run


async def test_nobody_there_is_said_at_once() -> None:
    settings = A1111Settings(a1111_host="127.0.0.1", a1111_port=9)
    with pytest.raises(ConnectorError, match=r"no AUTOMATIC1111 answers at http://127\.0\.0\.1:9"):
        await A1111(settings).open()


async def test_a_server_without_its_api_is_told_apart(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    fake.traps.without_api = True
    with pytest.raises(ConnectorError, match="start it with --api") as caught:
        await A1111(settings).open()
    assert caught.value.error_class is ErrorClass.NETWORK


async def test_credentials_are_sent_unasked(fake: FakeA1111, settings: A1111Settings) -> None:
    fake.traps.credentials = "Basic bWU6eA=="
    with pytest.raises(ConnectorError, match="--api-auth"):
        await A1111(settings).open()
    server = A1111(evolve(settings, a1111_username="me", a1111_password="x"))
    await server.open()
    await server.close()


@pytest.mark.parametrize("is_forge", [False, True])
async def test_the_models_are_offered_by_every_name(
    *, fake: FakeA1111, settings: A1111Settings, is_forge: bool
) -> None:
    fake.traps.is_forge = is_forge
    server = A1111(settings)
    await server.open()
    offer = await server.offer()
    await server.close()
    assert offer.services == ("a1111",)
    assert offer.models is not None
    assert {"tiny-a", "tiny-b.safetensors", "ink", "nice.vae.pt"} <= set(offer.models)


async def test_sdnext_takes_no_scheduler_and_answers_with_nothing(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    fake.traps.is_sdnext = True
    server = A1111(settings)
    await server.open()
    assert len((await run(server)).files) == 1
    with pytest.raises(ConnectorError, match=r"ignored by this SD\.Next"):
        await run(server, scheduler="Karras")
    await server.close()


async def test_forge_makes_a_second_pass_with_the_modules_of_the_first(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    fake.traps.is_forge = True
    server = A1111(settings)
    await server.open()
    assert len((await run(server, enable_hr=True, hr_upscaler="Latent")).files) == 1
    assert fake.studio.drawings[-1]["hr_additional_modules"] == ["Use same choices"]
    own = ["nice.vae.pt"]
    await run(server, enable_hr=True, hr_upscaler="Latent", hr_additional_modules=own)
    assert fake.studio.drawings[-1]["hr_additional_modules"] == own
    await server.close()


async def test_a_connector_that_is_not_open_says_so(settings: A1111Settings) -> None:
    server = A1111(settings)
    await server.close()
    with pytest.raises(RuntimeError, match="open"):
        await server.offer()
