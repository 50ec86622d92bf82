"""The prompt that an earlier agent has left in ComfyUI, found again by what it had noted."""

import asyncio

from agent.connectors.base import Work
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.prompt import Prompt
from agent.connectors.comfyui.settings import ComfyUISettings
from agent.connectors.comfyui.stopping import stop


def note(work: Work, prompt: Prompt) -> None:
    """Note the prompt before it is submitted: from then on it may be in ComfyUI."""
    work.note({"id": prompt.id, "client_id": prompt.client_id, "folder": prompt.folder})


def noted(work: Work) -> Prompt | None:
    """Return the prompt that an earlier agent had noted, as yet without its graph."""
    if not work.notes:
        return None
    tag = {"job_id": work.job_id, "attempt": work.attempt}
    return Prompt(graph={}, tag=tag, is_known=True, **work.notes)


async def left(engine: Engine, prompt: Prompt, settings: ComfyUISettings) -> Prompt | None:
    """Return the prompt that was noted, if ComfyUI still knows it. Raises `ConnectorError`."""
    try:
        found = await engine.left(prompt)
        if found is None:
            await asyncio.sleep(settings.poll_interval_s)  # its request may still be at work
            found = await engine.left(prompt)
    except asyncio.CancelledError:
        await stop(engine, prompt, grace_s=settings.grace_s)
        raise
    return found
