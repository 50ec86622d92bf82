"""Hub, agent and ComfyUI, as their users meet them; the real one at COMFYUI_URL, else the stand-in."""

import base64
from collections.abc import AsyncGenerator
from io import BytesIO

import pytest
from PIL import Image

from tests.engines.graphs import PREFIX, Graph, node, picture
from tests.fakes.web import running_web
from tests.support.comfyui import Far, comfyui
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def drawn(colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour."""
    file = BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


def colour_of(content: bytes) -> object:
    with Image.open(BytesIO(content)) as image:
        return image.convert("RGB").getpixel((4, 4))


def passing_on(*names: str) -> Graph:
    """A graph that saves the pictures of these names, under them."""
    graph: Graph = {}
    for name in names:
        graph[f"load {name}"] = node("LoadImage", image=f"{name}.png")
        saver = node("SaveImage", images=[f"load {name}", 0], filename_prefix=name)
        graph[f"save {name}"] = saver
    return graph


@pytest.fixture
async def far(site: Site) -> AsyncGenerator[Far]:
    """A ComfyUI with an agent; the hub may fetch from this machine."""
    site.hub.stop()
    await site.start_hub(HUB_INPUT_NETWORKS="127.0.0.0/8")
    async with comfyui() as far:
        await site.start_agent(WORKER_CONNECTORS="comfyui", COMFYUI_URL=far.url)
        yield far


@pytest.mark.usefixtures("far")
async def test_files_go_in_by_every_way_and_are_what_nodes_load(site: Site) -> None:
    upload = await site.http.post(f"{site.url}/artifacts", content=drawn(RED))
    data = base64.b64encode(drawn(BLUE)).decode()
    async with running_web() as web:
        inputs = [
            {"name": "red.png", "artifact": upload.json()["sha256"]},
            {"name": "green.png", "url": web.page("/a.png", drawn(GREEN))},
            {"name": "blue.png", "data": f"data:image/png;base64,{data}"},
        ]
        payload = {"workflow": passing_on("red", "green", "blue"), "inputs": inputs}
        job_id = await site.submit(type="comfyui", payload=payload)

    job = await site.reaches(job_id, "completed", "failed")

    assert job["status"] == "completed", job
    seen: dict[str, object] = {}
    for file in job["result"]["files"]:
        answer = await site.http.get(f"{site.url}{file['url']}")
        assert answer.headers["content-type"] == "image/png"
        seen[file["filename"]] = colour_of(answer.content)
    expected = {"red_00001_.png": RED, "green_00001_.png": GREEN, "blue_00001_.png": BLUE}
    assert seen == expected


async def test_what_was_put_out_before_a_node_failed_is_kept(site: Site, far: Far) -> None:
    far.breaks_at("5")
    graph = picture() | {
        # In a real one: a radius that is larger than the picture.
        "5": node("ImageBlur", image=["6", 0], blur_radius=31, sigma=1.0),
        "6": node("EmptyImage", width=16, height=16, batch_size=1, color=0),
        "10": node("SaveImage", images=["5", 0], **PREFIX),
    }
    job_id = await site.submit(type="comfyui", payload={"workflow": graph}, max_retries=0)

    job = await site.reaches(job_id, "completed", "failed")

    assert job["status"] == "failed"
    (attempt,) = job["attempts"]
    assert "node 5 (ImageBlur)" in attempt["error"]
    (file,) = attempt["details"]["partial"]
    assert file["filename"] == "tom_00001_.png"
    content = (await site.http.get(f"{site.url}/artifacts/{file['sha256']}")).content
    assert content.startswith(b"\x89PNG")
