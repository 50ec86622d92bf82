"""Silent substitution is an error, before the call where it can be foreseen and after it else."""

from typing import Any

import pytest

from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.fakes.a1111_work import picture
from tests.integration.agent.a1111.jobs import run

MODEL = ErrorClass.MISSING_MODEL
INVALID = ErrorClass.VALIDATION
FORESEEN: list[tuple[dict[str, Any], ErrorClass, str]] = [
    ({"sampler_name": "euler a"}, INVALID, r"'euler a' is not on this worker; it has DPM\+\+ 2M, "),
    ({"sampler_name": "DPM++ 2M Karras"}, INVALID, r"use sampler_name 'DPM\+\+ 2M' with scheduler"),
    ({"scheduler": "carrots"}, INVALID, "scheduler 'carrots' is not on this worker"),
    (
        {"override_settings": {"sd_model_checkpoint": "Tiny-A"}},
        MODEL,
        r"sd_model_checkpoint 'Tiny-A' is not on this worker; it has tiny-a, sub_tiny-b, broken",
    ),
    ({"refiner_checkpoint": "nope"}, MODEL, "refiner_checkpoint 'nope' is not"),
    ({"enable_hr": True, "hr_upscaler": "Nope"}, MODEL, "hr_upscaler 'Nope' is not"),
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


async def test_names_the_server_has_are_let_through(server: A1111) -> None:
    result = await run(
        server, scheduler="karras", enable_hr=True, hr_upscaler="Latent", hr_scheduler="Karras"
    )
    assert len(result.files) == 1


async def test_another_sampler_is_noticed(fake: FakeA1111, server: A1111) -> None:
    fake.traps.substitutes = "DPM++ 2M"
    with pytest.raises(ConnectorError, match=r"used sampler 'DPM\+\+ 2M' instead of 'Euler a'"):
        await run(server)


async def test_another_scheduler_is_noticed(fake: FakeA1111, server: A1111) -> None:
    fake.traps.forgets_schedule = True
    with pytest.raises(ConnectorError, match="used scheduler 'Automatic' instead of 'Karras'"):
        await run(server, scheduler="Karras")


async def test_a_checkpoint_that_does_not_load_is_noticed(server: A1111) -> None:
    words = "used checkpoint 'tiny-a' instead of 'broken'"
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
