"""What hub and agent add to ComfyUI: from REST to the stored artifact, beside ComfyUI asked directly.

    pytest -m bench -s tests/bench/test_engine_overhead.py

The real one at COMFYUI_URL, else the stand-in. Both ways alternate, with the same workflow but for the
number that keeps ComfyUI from answering out of its cache.
"""

import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.engines.graphs import Graph, picture
from tests.support.comfyui import comfyui
from tests.system.conftest import Site

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROUNDS = 60
WARM_UP = 10
BUDGET_MS = 25


def workflow(number: int) -> Graph:
    graph = picture()
    image = graph["1"]
    return graph | {"1": image | {"inputs": image["inputs"] | {"color": number}}}


async def directly(http: httpx.AsyncClient, url: str, number: int) -> bytes:
    """As a client of ComfyUI's own does it: submit, hear of the end, read the history and the file."""
    client, prompt = str(uuid4()), str(uuid4())
    graph = workflow(number)
    graph["9"]["inputs"] = graph["9"]["inputs"] | {"filename_prefix": f"bench/{prompt}"}
    async with connect(f"ws{url.removeprefix('http')}/ws?clientId={client}") as socket:
        body = {"prompt": graph, "prompt_id": prompt, "client_id": client}
        (await http.post(f"{url}/prompt", json=body)).raise_for_status()
        async for frame in socket:
            if isinstance(frame, str) and _is_end(json.loads(frame), prompt):
                break
    entry = (await http.get(f"{url}/history/{prompt}")).json()[prompt]
    (file,) = entry["outputs"]["9"]["images"]
    return (await http.get(f"{url}/view", params=file)).raise_for_status().content


def _is_end(message: dict[str, Any], prompt: str) -> bool:
    data = message["data"]
    is_last = message["type"] == "executing" and data["node"] is None
    return is_last and data["prompt_id"] == prompt


async def by_the_hub(site: Site, number: int) -> None:
    job = {"job_type": "comfyui", "payload": {"workflow": workflow(number)}, "wait": True}
    told = (await site.http.post(f"{site.url}/api/jobs", json=job)).json()
    (file,) = told["result"]["files"]
    assert file["size_bytes"] > 0


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


async def test_the_whole_path_adds_little_to_comfyui() -> None:
    direct: list[float] = []
    whole: list[float] = []
    with TemporaryDirectory(prefix="emp-") as data_dir:
        site = Site(Path(data_dir))
        await site.start_hub()
        try:
            async with comfyui() as far, httpx.AsyncClient(timeout=60) as http:
                await site.start_agent(WORKER_CONNECTORS="comfyui", COMFYUI_URL=far.url)
                for number in range(2 * (WARM_UP + ROUNDS)):
                    if number % 2:
                        whole.append(await timed(lambda: by_the_hub(site, number)))  # noqa: B023 - run at once
                    else:
                        direct.append(await timed(lambda: directly(http, far.url, number)))  # noqa: B023 - run at once
        finally:
            site.stop()
            await site.http.aclose()
    first, second = median(direct[WARM_UP:]), median(whole[WARM_UP:])
    print(  # noqa: T201 - the figure
        f"\n{'ComfyUI' if os.environ.get('COMFYUI_URL') else 'the stand-in'}: directly {first:.1f} ms, "
        f"by hub and agent {second:.1f} ms, the whole path adds {second - first:.1f} ms (p50)"
    )
    assert second - first < BUDGET_MS
