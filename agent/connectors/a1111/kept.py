"""Whether the server has drawn with what it was told to; it says nothing when it has not."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.connectors.a1111.names import CHECKPOINT_FIELD, Chosen
from agent.connectors.answers import is_array, is_object
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

_CHECKPOINTS = {CHECKPOINT_FIELD, "refiner_checkpoint", "hr_checkpoint_name"}


def check_kept(info: dict[str, Any], chosen: Chosen) -> None:
    """Raise `ConnectorError` when the server has drawn with something else than it was told."""
    said = _Said(info)
    for field, wanted in chosen.items():
        used = _USED[field](said)
        if used is None or not wanted.is_meant(used):
            raise ConnectorError(
                f"the server used {field} {used!r} instead of {wanted.name!r}, and did not say "
                "why; its pictures are not what was asked for",
                error_class=_error_class(field),
                details={"field": field, "wanted": wanted.name, "used": used},
            )


def _error_class(field: str) -> ErrorClass:
    # Another worker may have a checkpoint that loads.
    return ErrorClass.MISSING_MODEL if field in _CHECKPOINTS else ErrorClass.INTERNAL


class _Said:
    """What the server says of its pictures."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info
        self._extra = info.get("extra_generation_params")

    def get(self, key: str) -> str | None:
        """Return what the text of the pictures has under a key.

        The text itself is for servers that say it nowhere else: there a scheduler is named even
        when the sampler takes none.
        """
        if is_object(self._extra):
            found = self._extra.get(key)
            return None if found is None else str(found)
        texts = self.info.get("infotexts")
        text = str(texts[0]) if is_array(texts) and texts else ""
        _, found, rest = text.rpartition(f"{key}: ")
        return rest.partition(",")[0].strip() if found else None


def _sampler(said: _Said) -> str:
    return str(said.info.get("sampler_name"))


def _scheduler(said: _Said) -> str | None:
    return said.get("Schedule type")


def _checkpoint(said: _Said) -> str:
    return f"{said.info.get('sd_model_name')} [{said.info.get('sd_model_hash') or ''}]"


# The second pass and the refiner are named only where they differ from the first.
_USED: Mapping[str, Callable[[_Said], str | None]] = {
    "sampler_name": _sampler,
    "scheduler": _scheduler,
    CHECKPOINT_FIELD: _checkpoint,
    "hr_sampler_name": lambda said: said.get("Hires sampler") or _sampler(said),
    "hr_scheduler": lambda said: said.get("Hires schedule type") or _scheduler(said),
    "hr_upscaler": lambda said: said.get("Hires upscaler"),
    "hr_checkpoint_name": lambda said: said.get("Hires checkpoint"),
    "refiner_checkpoint": lambda said: said.get("Refiner") or _checkpoint(said),
}
