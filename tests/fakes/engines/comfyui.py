"""The stand-in ComfyUI as a program: an agent starts it, and a test steers it by /test.

For each prompt that it executes it adds a line to `executed.txt` in its folder, which stays when it is
killed.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from litestar import Request, get, post

from tests.fakes.comfyui import FakeComfyUI

MAIN = "import sys\nsys.path.insert(0, {root!r})\nfrom {module} import main\nmain(__file__)\n"
ROOT = Path(__file__).parents[3]


def lay_out(folder: Path) -> None:
    """Make a folder from which it is started."""
    folder.mkdir()
    module = "tests.fakes.engines.comfyui"
    (folder / "main.py").write_text(MAIN.format(root=str(ROOT), module=module))


def main(file: str) -> None:
    """Run it, from the folder of this file."""
    asyncio.run(_serve(Path(file).parent, int(sys.argv[sys.argv.index("--port") + 1])))


async def _serve(folder: Path, port: int) -> None:
    fake = FakeComfyUI()
    send = fake.worker.send

    async def counting(message: str | bytes, client_id: str | None) -> None:
        if isinstance(message, str) and json.loads(message)["type"] == "execution_start":
            with (folder / "executed.txt").open("a") as executed:
                executed.write(f"{message}\n")
        await send(message, client_id)

    fake.worker.send = counting
    fake.more_routes = (_told(fake), _steered(fake))
    async with fake.listening(port):
        print(f"To see the GUI go to: {fake.url}", flush=True)  # noqa: T201 - as the real one does
        await asyncio.Event().wait()


def _told(fake: FakeComfyUI) -> Any:
    @get("/test")
    async def told() -> dict[str, Any]:
        worker = fake.worker
        return {
            "paused_at": worker.paused_at,
            "history": len(worker.history),
            "viewed": sum(path == "/view" for _, path in worker.requests),
        }

    return told


def _steered(fake: FakeComfyUI) -> Any:
    @post("/test")
    async def steered(request: Request[Any, Any, Any]) -> None:
        for name, value in (await request.json()).items():
            setattr(fake.traps, name, value)
        await fake.worker.notify()

    return steered
