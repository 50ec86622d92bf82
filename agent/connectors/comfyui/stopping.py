"""Getting a prompt out of ComfyUI, whether it waits or runs."""

import asyncio
from contextlib import suppress
from typing import Any

from agent.connectors.answers import NoAnswerError
from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.prompt import Prompt
from shared.states import ErrorClass

INTERVAL_S = 0.25
_SURE = 2  # looks; after one, a request that was cut off may still be entering the queue


async def stop(engine: Engine, prompt: Prompt, *, grace_s: float) -> dict[str, Any]:
    """Stop the prompt and forget it, trying for `grace_s` seconds; what its nodes had put out, by
    node id. Raises `ConnectorError` (HANG).

    An interrupt can be lost, and a node that blocks ends first: so ask until it is gone.
    """
    try:
        async with asyncio.timeout(grace_s):
            await _until_gone(engine, prompt)
            entry = await engine.result(prompt)
            await engine.forget(prompt)
    except (TimeoutError, NoAnswerError, ConnectorError) as error:
        problem = f"ComfyUI did not let go of prompt {prompt.id} in {grace_s:g} s"
        cause = str(error)
        raise ConnectorError(
            f"{problem}: {cause}" if cause else problem, error_class=ErrorClass.HANG
        ) from error
    return entry["outputs"] if entry else {}


async def _until_gone(engine: Engine, prompt: Prompt) -> None:
    absent = 0
    while absent < _SURE:
        place = await engine.place(prompt)
        absent = 0 if place else absent + 1
        if place:
            with suppress(NoAnswerError):  # the next round asks again
                await engine.cancel(place)
        await asyncio.sleep(INTERVAL_S)
