"""Jobs that end well."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from attrs import evolve
from PIL import Image

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from tests.fakes.a1111 import FakeA1111
from tests.fakes.a1111_work import picture
from tests.integration.agent.a1111.jobs import SMALL, run
from tests.support.reports import Reports


async def test_a_picture_comes_with_its_seed_and_its_facts(server: A1111) -> None:
    result = await run(server)
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("image_00001.png", "image/png")
    assert result.data["seeds"] == [7]
    assert result.data["info"]["sd_model_name"] == "tiny-a"


async def test_everything_that_matters_is_said_to_the_server(
    fake: FakeA1111, server: A1111
) -> None:
    await run(server, prompt="a dog", seed=-1)
    (body,) = fake.studio.drawings
    assert body["seed"] >= 0
    named = ("steps", "width", "height", "sampler_name", "scheduler", "send_images", "save_images")
    assert {key: body[key] for key in named} == {
        "steps": 4,
        "width": 64,
        "height": 64,
        "sampler_name": "Euler a",
        "scheduler": "Automatic",
        "send_images": True,
        "save_images": False,
    }
    assert body["override_settings_restore_afterwards"] is True


async def test_every_picture_of_every_batch_is_a_file(server: A1111) -> None:
    result = await run(server, n_iter=2, batch_size=2)
    assert [file.filename for file in result.files] == [f"image_0000{n}.png" for n in (1, 2, 3, 4)]
    assert result.data["seeds"] == [7, 8, 9, 10]


@pytest.mark.parametrize(("with_grid", "names"), [(False, ["image"] * 2), (True, ["image"] * 2)])
async def test_the_grid_is_no_picture(
    settings: A1111Settings, *, with_grid: bool, names: list[str]
) -> None:
    server = A1111(evolve(settings, a1111_save_images=True, a1111_save_grid=with_grid))
    await server.open()
    result = await run(server, n_iter=2)
    await server.close()
    stems = [file.filename.partition("_")[0] for file in result.files]
    assert stems == names + ["grid"] * with_grid


async def test_what_extensions_add_is_told_apart(fake: FakeA1111, server: A1111) -> None:
    fake.traps.additions = 1
    names = [file.filename for file in (await run(server)).files]
    assert names == ["image_00001.png", "addition_00001.png"]


async def test_init_images_make_it_img2img(fake: FakeA1111, server: A1111) -> None:
    await run(server, init_images=[picture("before")])
    assert ("POST", "/sdapi/v1/img2img") in fake.studio.requests


async def test_extras_return_every_picture(server: A1111) -> None:
    one = await run(server, task="extras", image=picture("a"), upscaler_1="Lanczos")
    images = [{"data": picture("a"), "name": name} for name in "ab"]
    two = await run(server, task="extras", imageList=images, upscaler_1="None")
    assert (len(one.files), len(two.files)) == (1, 2)


async def test_png_info_is_data(server: A1111) -> None:
    result = await run(server, task="png-info", image=picture("a cat"))
    assert result.data == {"info": "a cat", "items": {}, "parameters": {"Steps": "2"}}
    assert result.files == ()


async def test_progress_is_over_the_whole_call_with_previews(
    fake: FakeA1111, server: A1111
) -> None:
    fake.traps.pause_at = 2
    reports = Reports()
    running = asyncio.create_task(run(server, reports, n_iter=2))
    await reports.until(lambda report: report.step == 2)
    await fake.studio.go_on()
    await running
    paused = next(report for report in reports.seen if report.step == 2)
    assert (paused.percent, paused.steps) == (25, 4)
    assert paused.message == "Batch 1 out of 2, step 2 of 4"
    assert any(
        report.preview and report.preview.mime_type == "image/jpeg" for report in reports.seen
    )
    percents = [report.percent for report in reports.seen]
    assert percents == sorted(percents)


async def test_a_server_that_limits_looks_only_costs_progress(
    fake: FakeA1111, server: A1111
) -> None:
    fake.traps.progress_errors = 1000
    assert len((await run(server)).files) == 1


async def test_calls_are_made_one_at_a_time(fake: FakeA1111, server: A1111) -> None:
    fake.traps.pause_at = 1
    first = asyncio.create_task(run(server))
    second = asyncio.create_task(run(server, seed=8))
    await fake.studio.until(lambda: fake.studio.paused)
    assert len(fake.studio.drawings) == 1
    calls = [request for request in fake.studio.requests if request[1].endswith("txt2img")]
    assert len(calls) == 1
    await fake.studio.go_on()
    assert [r.data["seeds"] for r in await asyncio.gather(first, second)] == [[7], [8]]


async def test_somebody_elses_job_is_waited_for(fake: FakeA1111, server: A1111) -> None:
    fake.traps.pause_at = 1
    theirs = asyncio.create_task(fake.draw("txt2img", SMALL | {"batch_size": 1, "n_iter": 1}))
    await fake.studio.until(lambda: fake.studio.paused)
    reports = Reports()
    ours = asyncio.create_task(run(server, reports))
    await reports.until(lambda report: report.message == "waits for somebody else's job")
    await fake.studio.go_on()
    await theirs
    assert len((await ours).files) == 1


FORMATS = [("jpg", "image/jpeg", "jpg"), ("webp", "image/webp", "webp")]


@pytest.mark.parametrize(("kind", "media_type", "suffix"), FORMATS)
async def test_pictures_come_in_the_format_of_the_settings(
    fake: FakeA1111, settings: A1111Settings, kind: str, media_type: str, suffix: str
) -> None:
    server = A1111(evolve(settings, a1111_image_format=kind, a1111_jpeg_quality=70))
    await server.open()
    (file,) = (await run(server)).files
    await server.close()
    assert (file.mime_type, file.filename) == (media_type, f"image_00001.{suffix}")
    assert fake.studio.options["jpeg_quality"] == 70


async def test_png_is_packed_again_with_its_text(settings: A1111Settings) -> None:
    server = A1111(evolve(settings, a1111_png_compression=0))
    await server.open()
    (file,) = (await run(server)).files
    await server.close()
    assert isinstance(file.content, bytes)
    with Image.open(BytesIO(file.content)) as image:
        assert image.info["parameters"].startswith("a cat\nSteps: 4")


@pytest.mark.parametrize("kind", ["jpg"])
async def test_only_png_is_packed_again(settings: A1111Settings, kind: str) -> None:
    server = A1111(evolve(settings, a1111_image_format=kind, a1111_png_compression=0))
    await server.open()
    (file,) = (await run(server)).files
    await server.close()
    assert file.mime_type == "image/jpeg"


CHECKPOINTS: list[Any] = ["tiny-a", "tiny-a.safetensors", "a0a0a0a0a0", "a0" * 32]


@pytest.mark.parametrize("name", CHECKPOINTS)
async def test_a_checkpoint_has_many_names(server: A1111, name: str) -> None:
    result = await run(server, override_settings={"sd_model_checkpoint": name})
    assert result.data["info"]["sd_model_name"] == "tiny-a"


async def test_a_checkpoint_that_was_never_loaded_has_no_hash(server: A1111) -> None:
    overrides = {"sd_model_checkpoint": "tiny-b.safetensors"}
    result = await run(server, override_settings=overrides, scheduler="Karras")
    assert result.data["info"]["sd_model_name"] == "tiny-b"  # the server leaves folders out


async def test_the_older_name_of_the_sampler_counts(fake: FakeA1111, server: A1111) -> None:
    await run(server, sampler_index="Euler")
    assert fake.studio.drawings[0]["sampler_name"] == "Euler"
