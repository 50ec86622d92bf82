"""Silent substitution is an error, before the call where it can be foreseen and after it else."""

from typing import Any

import pytest

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.fakes.a1111_names import MODELS
from tests.fakes.a1111_work import picture
from tests.integration.agent.a1111.jobs import run

MODEL = ErrorClass.MISSING_MODEL
INVALID = ErrorClass.VALIDATION
SECOND: dict[str, Any] = {"enable_hr": True, "hr_upscaler": "Latent"}
FORESEEN: list[tuple[dict[str, Any], ErrorClass, str]] = [
    ({"sampler_name": "euler a"}, INVALID, r"'euler a' is not on this worker; it has DPM\+\+ 2M, "),
    ({"sampler_name": "DPM++ 2M Karras"}, INVALID, r"use sampler_name 'DPM\+\+ 2M' with scheduler"),
    ({"scheduler": "carrots"}, INVALID, "scheduler 'carrots' is not on this worker"),
    (
        {"override_settings": {"sd_model_checkpoint": "Tiny-A"}},
        MODEL,
        r"sd_model_checkpoint 'Tiny-A' is not on this worker; it has tiny-a, sub_tiny-b, broken",
    ),
    ({"refiner_checkpoint": "tiny"}, MODEL, "refiner_checkpoint 'tiny' is not"),
    (SECOND | {"hr_upscaler": "Nope"}, MODEL, "hr_upscaler 'Nope' is not"),
    (SECOND | {"hr_sampler_name": "euler"}, INVALID, "hr_sampler_name 'euler' is not"),
    (SECOND | {"hr_scheduler": "carrots"}, INVALID, "hr_scheduler 'carrots' is not"),
    (SECOND | {"hr_checkpoint_name": "tiny"}, MODEL, "hr_checkpoint_name 'tiny' is not"),
    ({"task": "extras", "image": picture("a"), "upscaler_1": "Nope"}, MODEL, "'Nope' is not on"),
]


@pytest.mark.parametrize(("payload", "error_class", "words"), FORESEEN)
async def test_a_name_the_server_lacks_is_refused_before_the_call(
    fake: FakeA1111, server: A1111, payload: dict[str, Any], error_class: ErrorClass, words: str
) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(server, **payload)
    assert caught.value.error_class is error_class
    assert fake.studio.drawings == []


ALL: dict[str, Any] = SECOND | {
    "scheduler": "karras",
    "hr_scheduler": "SGM Uniform",
    "hr_sampler_name": "Euler",
    "hr_checkpoint_name": "sub_tiny-b",
    "refiner_checkpoint": "tiny-b.safetensors",
    "refiner_switch_at": 0.5,
    "override_settings": {"sd_model_checkpoint": "a0a0a0a0a0"},
}


async def test_names_the_server_has_are_let_through(fake: FakeA1111, server: A1111) -> None:
    assert len((await run(server, **ALL)).files) == 1
    (body,) = fake.studio.drawings
    assert {field: body[field] for field in ALL} == ALL


async def test_names_of_a_second_pass_that_is_not_made_do_not_count(server: A1111) -> None:
    result = await run(server, hr_upscaler="Nope", hr_scheduler="Nope", refiner_checkpoint="None")
    assert len(result.files) == 1


SUBSTITUTES: list[tuple[str, str | None, str, ErrorClass]] = [
    ("Sampler", "DPM++ 2M", r"sampler_name 'DPM\+\+ 2M' instead of 'Euler a'", ErrorClass.INTERNAL),
    ("Schedule type", None, "scheduler None instead of 'karras'", ErrorClass.INTERNAL),
    ("Hires schedule type", None, "hr_scheduler 'Karras' instead of 'SGM", ErrorClass.INTERNAL),
    ("Hires sampler", None, "hr_sampler_name 'Euler a' instead of 'Euler'", ErrorClass.INTERNAL),
    ("Hires upscaler", "Lanczos", "hr_upscaler 'Lanczos' instead of 'Lat", ErrorClass.INTERNAL),
    ("Hires checkpoint", "x [b]", r"hr_checkpoint_name 'x \[b\]' instead of 'sub_tiny-b'", MODEL),
    ("Refiner", None, r"refiner_checkpoint 'tiny-a \[.*\]' instead of 'tiny-b.safe", MODEL),
    ("Refiner", "tiny-x", "refiner_checkpoint 'tiny-x' instead of 'tiny-b.safe", MODEL),
]


@pytest.mark.parametrize(("word", "other", "words", "error_class"), SUBSTITUTES)
async def test_drawing_with_something_else_is_noticed(
    fake: FakeA1111,
    server: A1111,
    word: str,
    other: str | None,
    words: str,
    error_class: ErrorClass,
) -> None:
    fake.traps.substitutes = {word: other}
    with pytest.raises(ConnectorError, match=f"the server used {words}") as caught:
        await run(server, **ALL)
    assert caught.value.error_class is error_class


async def test_a_scheduler_that_the_sampler_does_not_take_is_noticed(server: A1111) -> None:
    with pytest.raises(ConnectorError, match="used scheduler None instead of 'Karras'"):
        await run(server, sampler_name="DDIM", scheduler="Karras")


async def test_a_server_that_says_it_in_the_text_alone_is_read(
    fake: FakeA1111, server: A1111
) -> None:
    fake.traps.says_less = True
    assert len((await run(server, **ALL)).files) == 1
    fake.traps.substitutes = {"Schedule type": "Automatic"}
    with pytest.raises(ConnectorError, match="used scheduler 'Automatic' instead of 'Karras'"):
        await run(server, scheduler="Karras")
    fake.traps.substitutes = {"Hires upscaler": None}
    with pytest.raises(ConnectorError, match="used hr_upscaler None instead of 'Latent'"):
        await run(server, **ALL)


async def test_a_refiner_that_is_the_checkpoint_itself_need_not_be_named(server: A1111) -> None:
    fields = {"refiner_checkpoint": "tiny-a", "refiner_switch_at": 1}
    assert len((await run(server, **fields)).files) == 1


async def test_sdnext_says_nothing_of_the_second_pass(fake: FakeA1111) -> None:
    fake.traps.is_sdnext = True
    fake.traps.substitutes = {"Hires upscaler": None}
    server = A1111(A1111Settings(a1111_url=fake.url, a1111_poll_interval_s=0.02))
    await server.open()
    assert len((await run(server, **SECOND)).files) == 1
    await server.close()


async def test_a_checkpoint_that_does_not_load_is_missing(server: A1111) -> None:
    with pytest.raises(ConnectorError, match="SafetensorError: Error while") as caught:
        await run(server, override_settings={"sd_model_checkpoint": "broken"})
    assert caught.value.error_class is MODEL


async def test_a_checkpoint_that_does_not_load_spoils_no_job_after_it(
    fake: FakeA1111, server: A1111
) -> None:
    with pytest.raises(ConnectorError, match="SafetensorError"):
        await run(server, override_settings={"sd_model_checkpoint": "broken"})
    result = await run(server)
    assert result.data["info"]["sd_model_name"] == "tiny-a"
    assert fake.studio.options["sd_model_checkpoint"] == "tiny-a.safetensors [a0a0a0a0a0]"


@pytest.mark.parametrize("models", [MODELS[:1] + MODELS[2:], MODELS[:1] + MODELS[2:] + MODELS[1:2]])
async def test_only_another_checkpoint_that_loads_heals(
    server: A1111,
    models: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("tests.fakes.a1111.MODELS", models)
    with pytest.raises(ConnectorError, match="SafetensorError"):
        await run(server, override_settings={"sd_model_checkpoint": "broken"})
    is_healed = len(models) == len(MODELS)
    assert ("may need a restart" in caplog.text) is not is_healed
    if is_healed:
        assert len((await run(server)).files) == 1


async def test_a_checkpoint_that_is_not_loaded_is_noticed(fake: FakeA1111, server: A1111) -> None:
    fake.traps.keeps_checkpoint = True
    words = r"sd_model_checkpoint 'tiny-a \[a0a0a0a0a0\]' instead of 'broken'"
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(server, override_settings={"sd_model_checkpoint": "broken"})
    assert caught.value.error_class is MODEL


async def test_a_server_without_schedulers_cannot_be_asked_for_one(
    fake: FakeA1111, server: A1111
) -> None:
    fake.traps.is_old = True
    assert len((await run(server)).files) == 1
    with pytest.raises(ConnectorError, match="'Karras' would be ignored"):
        await run(server, scheduler="Karras")


async def test_options_of_one_job_do_not_reach_the_next(fake: FakeA1111, server: A1111) -> None:
    await run(server, override_settings={"CLIP_stop_at_last_layers": 2})
    assert fake.studio.options["CLIP_stop_at_last_layers"] == 1
    assert "CLIP_stop_at_last_layers" in fake.studio.stored


async def test_an_option_that_leaks_all_the_same_is_put_back(
    fake: FakeA1111, server: A1111
) -> None:
    await run(server, override_settings={"CLIP_stop_at_last_layers": 2})
    fake.studio.stored.clear()
    await run(server, override_settings={"CLIP_stop_at_last_layers": 2})
    assert fake.studio.options["CLIP_stop_at_last_layers"] == 1


OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"no_such": 1}, "override_settings.no_such is no option"),
    ({"CLIP_stop_at_last_layers": "abc"}, "must be of the type of 1, got 'abc'"),
    ({"outdir_samples": "x"}, "outdir_samples cannot be set by a job"),
]


@pytest.mark.parametrize(("overrides", "words"), OPTIONS)
async def test_an_option_that_would_break_the_server_is_refused(
    fake: FakeA1111, server: A1111, overrides: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(server, override_settings=overrides)
    assert caught.value.error_class is INVALID
    assert fake.studio.drawings == []
