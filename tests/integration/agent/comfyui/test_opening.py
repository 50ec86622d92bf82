"""Connecting, and what is on offer."""

from base64 import b64encode

import pytest

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui import ComfyUI, ComfyUISettings, is_answering
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_nodes import LORAS, MODELS
from tests.integration.agent.comfyui.workflows import graph, run


async def test_the_offer_lists_models_and_node_classes(comfy: ComfyUI) -> None:
    offer = await comfy.offer()
    assert (offer.services, offer.version) == (("comfyui",), "0.33.0")
    assert offer.models == (*MODELS, *LORAS)
    assert offer.custom_nodes is not None
    assert "KSampler" in offer.custom_nodes


async def test_credentials_are_sent_with_requests_and_with_the_socket(fake: FakeComfyUI) -> None:
    fake.traps.credentials = f"Basic {b64encode(b'ann:pass').decode()}"
    settings = ComfyUISettings(url=f"{fake.url}/", username="ann", password="pass")
    comfy = ComfyUI(settings)
    await comfy.open()
    assert len((await run(comfy, graph())).files) == 1
    await comfy.close()


async def test_opening_says_what_answered_instead_of_comfyui(fake: FakeComfyUI) -> None:
    fake.traps.credentials = "Basic other"
    with pytest.raises(ConnectorError, match="answered 401"):
        await ComfyUI(ComfyUISettings(url=fake.url)).open()


async def test_is_answering_tells_a_live_comfyui_from_a_dead_one(fake: FakeComfyUI) -> None:
    assert await is_answering(fake.url)
    await fake.crash()
    assert not await is_answering(fake.url)


async def test_a_closed_connector_runs_nothing(settings: ComfyUISettings) -> None:
    comfy = ComfyUI(settings)
    await comfy.close()
    with pytest.raises(RuntimeError, match="open"):
        await run(comfy, graph())
