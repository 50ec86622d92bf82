"""When a started engine serves: asked of itself, never of whoever else may listen there."""

import asyncio
import http.client
import json
from typing import Any, cast

from agent.engines.process import EngineProcess

_LOOK_S = 0.2
_ANSWER_S = 10
_UNAUTHORIZED = 401  # it serves, and asks who comes
_READY = {200, _UNAUTHORIZED}


class FatalLineError(Exception):
    """The engine has written that it cannot start, though its process may live on."""


async def ready(engine: EngineProcess) -> None:
    """Wait until the engine serves; it never ends for one that does not. Raises `FatalLineError`."""
    recipe = engine.recipe
    while recipe.ready_line and not _written(engine):  # noqa: ASYNC110 - the log has no event
        await asyncio.sleep(_LOOK_S)
    while not await asyncio.to_thread(engine.is_listening, recipe.port):
        _written(engine)
        await asyncio.sleep(_LOOK_S)
    while not await asyncio.to_thread(_serves, engine):  # noqa: ASYNC110 - nor has a server
        await asyncio.sleep(recipe.probe_interval_s)


def _written(engine: EngineProcess) -> bool:
    """Whether the line that says so has been written. Raises `FatalLineError`."""
    recipe, lines = engine.recipe, engine.log.last()
    for line in lines:
        if recipe.fatal_line and recipe.fatal_line.search(line):
            raise FatalLineError(f"it wrote: {line}")
    return any(recipe.ready_line.search(line) for line in lines) if recipe.ready_line else True


def _serves(engine: EngineProcess) -> bool:
    recipe = engine.recipe
    connection = http.client.HTTPConnection("127.0.0.1", recipe.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", recipe.probe)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status in _READY and (
        answer.status == _UNAUTHORIZED or recipe.is_own(_object(body))
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
