"""A job as the call that AUTOMATIC1111 is asked to answer."""

from collections.abc import Callable
from random import randrange
from typing import Any

from attrs import frozen

from agent.connector_settings import A1111Settings
from agent.connectors.answers import is_array, is_object
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

TASKS = ("txt2img", "img2img", "extras", "png-info")
DEFAULTS: dict[str, Any] = {
    "prompt": "",
    "negative_prompt": "",
    "steps": 20,
    "width": 512,
    "height": 512,
    "sampler_name": "Euler a",
    "scheduler": "Automatic",
    "cfg_scale": 7,
    "batch_size": 1,
    "n_iter": 1,
}
"""What a job need not say. It is sent all the same: the server's own default is 50 steps."""

_MAX_SEED = 2**32 - 1
_SIDE_STEP = 8  # pixels; the server rounds other sides down without a word
_LIMITS = {
    "steps": (1, 1000),
    "width": (64, 8192),
    "height": (64, 8192),
    "batch_size": (1, 64),
    "n_iter": (1, 1000),
}
_OURS = ("send_images", "save_images", "force_task_id")  # decided here, or harmful
_RESTORING = "override_settings_restore_afterwards"


@frozen(kw_only=True)
class Request:
    """One call. `pictures` is how many it must bring."""

    task: str
    path: str
    body: dict[str, Any]
    pictures: int = 0

    @property
    def overrides(self) -> dict[str, Any]:
        """The options that hold for this call only."""
        return self.body.get("override_settings") or {}


def make_request(payload: dict[str, Any], settings: A1111Settings) -> Request:
    """Return the call for a payload: `task` and the fields of the server's own interface.

    Raises `ConnectorError` of class VALIDATION, naming field and remedy.
    """
    task = payload.get("task") or _guessed(payload)
    if task not in TASKS:
        raise invalid(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    fields = {key: value for key, value in payload.items() if key not in {"task", *_OURS}}
    return _MAKERS[task](fields, settings)


def invalid(message: str) -> ConnectorError:
    """Return the error for a payload that no retry can help."""
    return ConnectorError(message, error_class=ErrorClass.VALIDATION)


def _guessed(payload: dict[str, Any]) -> str:
    if payload.get("init_images"):
        return "img2img"
    if "prompt" in payload:
        return "txt2img"
    raise invalid(f"the payload names no task and has no prompt; set task to {', '.join(TASKS)}")


def _txt2img(fields: dict[str, Any], settings: A1111Settings) -> Request:
    return _generation("txt2img", fields, settings)


def _img2img(fields: dict[str, Any], settings: A1111Settings) -> Request:
    images = fields.get("init_images")
    if not is_array(images) or not images or not all(isinstance(each, str) for each in images):
        raise invalid("init_images must be a list of pictures as base64, data: or http(s) URL")
    return _generation("img2img", fields, settings)


def _generation(task: str, fields: dict[str, Any], settings: A1111Settings) -> Request:
    given = {key: value for key, value in fields.items() if value is not None}
    if "infotext" in given:
        raise invalid("infotext: give its fields instead; a job of task png-info reads them")
    older_name = given.pop("sampler_index", None)
    body = DEFAULTS | ({"sampler_name": older_name} if older_name else {}) | given
    _check_numbers(body)
    _check_overrides(body)
    body |= {"seed": _seed(body), "send_images": True, "save_images": settings.a1111_save_images}
    body[_RESTORING] = True
    return Request(
        task=task,
        path=f"/sdapi/v1/{task}",
        body=body,
        pictures=body["batch_size"] * body["n_iter"],
    )


def _check_numbers(body: dict[str, Any]) -> None:
    for name, (low, high) in _LIMITS.items():
        value = body[name]
        if not _is_whole(value) or not low <= value <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    for side in ("width", "height"):
        if body[side] % _SIDE_STEP:
            near = round(body[side] / _SIDE_STEP) * _SIDE_STEP
            raise invalid(
                f"{side} must be a multiple of {_SIDE_STEP}, got {body[side]}; use {near}"
            )


def _check_overrides(body: dict[str, Any]) -> None:
    overrides = body.get("override_settings", {})
    if not is_object(overrides):
        raise invalid(f"override_settings must be an object of options, got {overrides!r}")
    if body.get(_RESTORING) is False:
        raise invalid(
            f"{_RESTORING} must not be false: a job cannot change the server for the jobs after it"
        )
    for name in overrides:
        if name.startswith("outdir_"):
            raise invalid(f"override_settings.{name} cannot be set by a job")


def _seed(body: dict[str, Any]) -> int:
    """Return the seed, drawn here if none is given: so it is known even when the job fails."""
    seed = body.get("seed", -1)
    if not _is_whole(seed) or not -1 <= seed <= _MAX_SEED:
        raise invalid(f"seed must be a whole number from -1 to {_MAX_SEED}, got {seed!r}")
    return randrange(_MAX_SEED) if seed == -1 else seed  # noqa: S311 - nothing secret about it


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _extras(fields: dict[str, Any], _settings: A1111Settings) -> Request:
    images = fields.get("imageList")
    if is_array(images) and images:
        path, pictures = "/sdapi/v1/extra-batch-images", len(images)
    elif isinstance(fields.get("image"), str):
        path, pictures = "/sdapi/v1/extra-single-image", 1
    else:
        raise invalid("extras needs image, a picture as base64 or data: URL, or imageList")
    return Request(task="extras", path=path, body=fields, pictures=pictures)


def _png_info(fields: dict[str, Any], _settings: A1111Settings) -> Request:
    if not isinstance(fields.get("image"), str):
        raise invalid("png-info needs image, a picture as base64 or data: URL")
    return Request(task="png-info", path="/sdapi/v1/png-info", body={"image": fields["image"]})


_MAKERS: dict[str, Callable[[dict[str, Any], A1111Settings], Request]] = {
    "txt2img": _txt2img,
    "img2img": _img2img,
    "extras": _extras,
    "png-info": _png_info,
}
