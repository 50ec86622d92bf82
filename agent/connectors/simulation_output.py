"""What a simulated graph leaves: previews on the way, files and facts at the end.

Painting runs in threads, so that the agent's loop stays live.
"""

import asyncio
from typing import Any

from agent.connectors import picture
from agent.connectors.base import OutputFile, Preview, Result
from agent.connectors.pacing import Look
from agent.connectors.simulation_plan import Plan

_PREVIEW_SIDE = 256  # pixels of the longer side


async def previews(planned: Plan) -> Look:
    """Paint the picture small, to be shown through ever less noise."""
    facts = planned.facts
    scale = min(1.0, _PREVIEW_SIDE / max(facts.width, facts.height))
    size = max(1, round(facts.width * scale)), max(1, round(facts.height * scale))
    small = await asyncio.to_thread(picture.paint, facts.seed, facts.prompt_text, *size)

    async def look(done: float) -> Preview:
        content = await asyncio.to_thread(picture.preview, small, facts.seed, done)
        return Preview(mime_type="image/jpeg", content=content)

    return look


async def render(planned: Plan) -> Result:
    """Paint and encode every picture of the batch, each from a seed of its own."""
    facts = planned.facts

    def picture_file(index: int) -> bytes:
        painting = picture.paint(facts.seed + index, facts.prompt_text, facts.width, facts.height)
        return picture.png(painting, planned.graph)

    # One thread call for each picture, so that cancellation does not wait for the batch.
    pictures = [await asyncio.to_thread(picture_file, i) for i in range(facts.batch_size)]
    return Result(
        data={
            "outputs": {node_id: _images(names) for node_id, names in planned.names.items()},
            "seed": facts.seed,
            "width": facts.width,
            "height": facts.height,
            "steps": facts.steps,
        },
        files=tuple(
            OutputFile(filename=name, mime_type="image/png", content=content)
            for names in planned.names.values()
            for name, content in zip(names, pictures, strict=True)
        ),
    )


def _images(names: list[str]) -> dict[str, Any]:
    return {"images": [{"filename": name, "subfolder": "", "type": "output"} for name in names]}
