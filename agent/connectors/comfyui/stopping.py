"""Getting a prompt out of ComfyUI, whether it waits or runs."""

import asyncio
import logging
from contextlib import suppress

from agent.connectors.answers import NoAnswerError
from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.prompt import Prompt

INTERVAL_S = 0.25
_SURE = 2  # looks; after one, a request that was cut off may still be entering the queue

_log = logging.getLogger(__name__)


async def stop(engine: Engine, prompt: Prompt, *, grace_s: float) -> None:
    """Stop the prompt and forget it, trying for `grace_s` seconds.

    An interrupt can be lost, and a node that blocks ends first: so ask until it is gone.
    """
    try:
        async with asyncio.timeout(grace_s):
            await _until_gone(engine, prompt)
            await engine.forget(prompt)
    except (TimeoutError, NoAnswerError, ConnectorError) as error:
        _log.warning("ComfyUI did not let go of prompt %s in %s s: %r", prompt.id, grace_s, error)


async def _until_gone(engine: Engine, prompt: Prompt) -> None:
    absent = 0
    while absent < _SURE:
        place = await engine.place(prompt)
        absent = 0 if place else absent + 1
        if place:
            with suppress(NoAnswerError):  # the next round asks again
                await engine.cancel(place)
        await asyncio.sleep(INTERVAL_S)
