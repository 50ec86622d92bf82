"""Getting a prompt into ComfyUI's queue once, even when the answer to it is lost."""

import asyncio
from contextlib import suppress
from typing import Any

from attrs import evolve

from agent.connectors.answers import Answer, NoAnswerError, is_object
from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.failures import rejection, unlisted
from agent.connectors.comfyui.prompt import Prompt
from agent.connectors.comfyui.settings import ComfyUISettings
from agent.connectors.comfyui.stopping import stop
from shared.states import ErrorClass

ATTEMPTS = 2
_OK = 200
_SERVER_ERROR = 500


async def submit(engine: Engine, prompt: Prompt, settings: ComfyUISettings) -> Prompt:
    """Queue the prompt; return it with the id that ComfyUI knows it by.

    An answer that is lost, or a 5xx, does not say that the prompt was refused, and ComfyUI
    runs a prompt as often as it is posted: so look for it before posting again.
    Raises `ConnectorError` when it is refused or cannot be got in.
    """
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            answer = await engine.submit(prompt)
        except NoAnswerError as error:
            problem = str(error)
        else:
            if answer.status < _SERVER_ERROR:
                return await _accepted(engine, answer, prompt, settings)
            problem = f"POST /prompt answered {answer.status}: {answer.excerpt()}"
        await asyncio.sleep(settings.poll_interval_s)  # a cut-off request may still be at work
        prompt_id = await engine.find(prompt)
        if prompt_id is not None:
            return evolve(prompt, id=prompt_id)
    raise ConnectorError(
        f"ComfyUI did not take the prompt, asked {ATTEMPTS} times; {problem}",
        error_class=ErrorClass.ENGINE_CRASH,
    )


async def _accepted(
    engine: Engine, answer: Answer, prompt: Prompt, settings: ComfyUISettings
) -> Prompt:
    body = answer.json()
    if answer.status != _OK or not is_object(body):
        raise await _rejected(engine, answer)
    prompt = evolve(prompt, id=body["prompt_id"])
    if body.get("node_errors"):
        # Queued all the same: it would drop the faulty outputs and call the rest a success.
        await stop(engine, prompt, grace_s=settings.grace_s)
        raise await _rejected(engine, answer)
    return prompt


async def _rejected(engine: Engine, answer: Answer) -> ConnectorError:
    listed: dict[tuple[str, str], list[Any]] = {}
    with suppress(ConnectorError):  # then the refusal is told without what there is instead
        for class_type, name in dict.fromkeys(unlisted(answer)):
            listed[class_type, name] = await engine.choices(class_type, name)
    return rejection(answer, listed)
