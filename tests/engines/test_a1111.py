"""The connector against an A1111: the real one at A1111_URL, else the stand-in."""

import base64
import os
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError, OutputFile, Result
from agent.connectors.conformance import check
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.integration.agent.a1111.jobs import SMALL, run
from tests.support.reports import Reports

pytestmark = pytest.mark.timeout(600)
SECOND = {"enable_hr": True, "hr_upscaler": "Latent", "denoising_strength": 0.7}


@pytest.fixture
async def url() -> AsyncGenerator[str]:
    given = os.environ.get("A1111_URL")
    if given:
        yield given
        return
    async with FakeA1111().listening() as fake:
        yield fake.url


def _connector(url: str, **settings: Any) -> A1111:
    return A1111(
        A1111Settings(a1111_url=url, a1111_poll_interval_s=0.2, a1111_grace_s=60.0, **settings)
    )


@pytest.fixture
async def server(url: str) -> AsyncGenerator[A1111]:
    connector = _connector(url)
    await connector.open()
    yield connector
    await connector.close()


async def _asked(url: str, what: str) -> Any:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return (await client.get(f"/sdapi/v1/{what}")).json()


async def _checkpoints(url: str) -> list[dict[str, Any]]:
    return [row for row in await _asked(url, "sd-models") if row["model_name"] != "broken"]


def _text(file: OutputFile) -> str:
    assert isinstance(file.content, bytes)
    return base64.b64encode(file.content).decode()


def _stems(result: Result) -> list[str]:
    return [file.filename.partition("_")[0] for file in result.files]


async def test_it_keeps_every_promise_of_a_connector(url: str) -> None:
    await check(_connector(url), SMALL)
    assert (await _asked(url, "progress"))["state"]["job_count"] == 0


async def test_pictures_come_with_their_seeds_and_the_steps_are_told(server: A1111) -> None:
    reports = Reports()
    result = await run(server, reports, n_iter=2, batch_size=2, steps=6)
    assert [file.mime_type for file in result.files] == ["image/png"] * 4
    assert result.data["seeds"] == [7, 8, 9, 10]
    assert result.data["info"]["sampler_name"] == "Euler a"


async def test_a_grid_is_told_from_the_pictures(url: str) -> None:
    connector = _connector(url, a1111_save_images=True, a1111_save_grid=True)
    await connector.open()
    result = await run(connector, n_iter=2)
    await connector.close()
    assert _stems(result) == ["image", "image", "grid"]


async def test_a_picture_goes_through_every_task(server: A1111) -> None:
    (first,) = (await run(server)).files
    read = await run(server, task="png-info", image=_text(first))
    assert "a cat" in read.data["info"]
    assert _stems(await run(server, init_images=[_text(first)], steps=4)) == ["image"]
    extras = {"task": "extras", "upscaler_1": "Lanczos", "upscaling_resize": 2}
    assert _stems(await run(server, image=_text(first), **extras)) == ["image"]
    images = [{"data": _text(first), "name": f"{name}.png"} for name in "ab"]
    assert _stems(await run(server, imageList=images, **extras)) == ["image", "image"]


async def test_every_checkpoint_is_chosen_by_all_its_names(server: A1111, url: str) -> None:
    for row in await _checkpoints(url):
        for name in (row["title"], row["model_name"]):
            result = await run(server, override_settings={"sd_model_checkpoint": name})
            assert result.data["info"]["sd_model_name"] in row["model_name"]


async def test_a_second_pass_and_a_refiner_are_kept_to(server: A1111, url: str) -> None:
    other = (await _checkpoints(url))[-1]["model_name"]
    names = {"hr_sampler_name": "Euler", "hr_scheduler": "Karras", "hr_checkpoint_name": other}
    assert _stems(await run(server, **SECOND, **names)) == ["image"]
    refined = await run(server, refiner_checkpoint=other, refiner_switch_at=0.5)
    assert _stems(refined) == ["image"]


async def test_a_refiner_whose_turn_never_comes_is_noticed(server: A1111, url: str) -> None:
    rows = await _checkpoints(url)
    base, other = rows[0]["model_name"], rows[-1]["model_name"]
    if base == other:
        pytest.skip("the server has one checkpoint only")
    overrides = {"sd_model_checkpoint": base}
    fields = {"refiner_checkpoint": other, "refiner_switch_at": 1}
    with pytest.raises(ConnectorError, match=r"used refiner_checkpoint .* instead of"):
        await run(server, override_settings=overrides, **fields)


async def test_a_scheduler_that_the_sampler_does_not_take_is_noticed(server: A1111) -> None:
    with pytest.raises(ConnectorError, match="used scheduler None instead of 'Karras'"):
        await run(server, sampler_name="DDIM", scheduler="Karras")


async def test_options_of_a_job_do_not_stay(server: A1111, url: str) -> None:
    before = await _asked(url, "options")
    await run(server, override_settings={"CLIP_stop_at_last_layers": 2})
    after = await _asked(url, "options")
    assert after["CLIP_stop_at_last_layers"] == before["CLIP_stop_at_last_layers"]


ABSENT = ["sampler_name", "scheduler", "hr_sampler_name", "hr_scheduler"]
MISSING = ["hr_upscaler", "hr_checkpoint_name", "refiner_checkpoint"]


@pytest.mark.parametrize("field", [*ABSENT, *MISSING])
async def test_a_name_that_is_not_there_is_told(server: A1111, field: str) -> None:
    with pytest.raises(ConnectorError, match=f"{field} 'none-such' is not on this") as caught:
        await run(server, **SECOND | {field: "none-such"})
    is_model = field in MISSING
    assert caught.value.error_class is (
        ErrorClass.MISSING_MODEL if is_model else ErrorClass.VALIDATION
    )
