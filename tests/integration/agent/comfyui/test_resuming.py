"""A prompt that an earlier agent has left is found again; nothing goes before its outcome is kept."""

import asyncio
from typing import Any

import httpx
import pytest
from attrs import evolve

from agent.connectors.base import Cleaning, Work
from agent.connectors.comfyui import ComfyUI
from agent.connectors.comfyui.prompt import make_prompt
from tests.fakes.comfyui import FakeComfyUI
from tests.integration.agent.comfyui.workflows import graph, work
from tests.support.reports import Reports
from tests.support.waiting import wait_until

CLIENT = "0f0c7d1e-0000-4000-8000-000000000001"


async def left_behind(fake: FakeComfyUI, *, is_submitted: bool = True) -> Work:
    """The attempt as the next agent gets it; its prompt stays before the sampler."""
    fake.traps.pause_at = "3"
    prompt = evolve(make_prompt(work(graph())), client_id=CLIENT)
    if is_submitted:
        async with httpx.AsyncClient(base_url=fake.url) as http:
            (await http.post("/prompt", json=prompt.body())).raise_for_status()
        await fake.worker.until(lambda: fake.worker.paused_at == "3")
    notes = {"id": prompt.id, "client_id": CLIENT, "folder": prompt.folder}
    return evolve(work(graph()), notes=notes)


async def test_it_notes_what_it_is_about_to_submit(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    noted: list[tuple[dict[str, Any], int]] = []

    def note(notes: dict[str, Any]) -> None:
        noted.append((notes, len(fake.worker.graphs)))

    await comfy.run(evolve(work(graph()), note=note), Reports())
    [(notes, submitted)] = noted
    assert submitted == 0
    assert fake.opened == [notes["client_id"]]
    assert notes["folder"] in fake.worker.graphs[0]["9"]["inputs"]["filename_prefix"]


async def test_what_runs_is_followed_over_a_socket_of_its_own(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    reports = Reports()
    running = asyncio.create_task(comfy.run(await left_behind(fake), reports))
    await wait_until(lambda: CLIENT in fake.opened)
    await fake.worker.go_on()
    result = await running
    assert [file.filename for file in result.files] == ["tom_00001_.png"]
    assert len(fake.worker.graphs) == 1
    assert reports.seen


async def test_what_has_ended_is_handed_in(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    left = await left_behind(fake)
    await fake.worker.go_on()
    await fake.worker.until(lambda: bool(fake.worker.history))
    result = await comfy.run(left, Reports())
    assert [file.filename for file in result.files] == ["tom_00001_.png"]
    assert len(fake.worker.graphs) == 1


@pytest.mark.parametrize("is_submitted", [True, False])
async def test_what_comfyui_has_lost_is_submitted_again(
    *, fake: FakeComfyUI, comfy: ComfyUI, is_submitted: bool
) -> None:
    left = await left_behind(fake, is_submitted=is_submitted)
    fake.forget_everything()
    await fake.worker.go_on()
    result = await comfy.run(left, Reports())
    assert [file.filename for file in result.files] == ["tom_00001_.png"]
    assert len(fake.worker.graphs) == 1 + is_submitted


async def test_what_is_not_ours_any_more_is_stopped(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    left = await left_behind(fake)
    cleanings: list[Cleaning] = []

    async def begin() -> None:
        await comfy.run(evolve(left, payload={}, afterwards=cleanings.append), Reports())

    running = asyncio.create_task(begin())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (fake.worker.running, fake.worker.pending) == ([], [])
    assert len(cleanings) == 1


async def test_nothing_is_removed_before_the_outcome_is_kept(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    cleanings: list[Cleaning] = []
    await comfy.run(evolve(work(graph()), afterwards=cleanings.append), Reports())
    await comfy.tidied()
    assert len(fake.worker.history) == 1
    for cleaning in cleanings:
        cleaning()
    await comfy.tidied()
    assert fake.worker.history == {}
