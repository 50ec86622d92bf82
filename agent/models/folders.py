"""Where the models of engines lie."""

from collections.abc import Mapping
from pathlib import Path

from agent.settings import AgentSettings

_OF_CHECKOUTS: Mapping[str, tuple[str, ...]] = {
    "comfyui": ("models",),
    "a1111": ("models", "embeddings"),
}


def folders(settings: AgentSettings) -> dict[str, tuple[Path, ...]]:
    """The folders of each connector that are known: stated, or in the engine's own folder."""
    found: dict[str, tuple[Path, ...]] = {}
    for name, below in _OF_CHECKOUTS.items():
        stated: tuple[str, ...] = getattr(settings, f"{name}_model_dirs")
        checkout: Path | None = getattr(settings, f"{name}_dir")
        own = [checkout / each for each in below] if checkout else []
        if name in settings.connectors and (stated or own):
            found[name] = tuple(Path(each).expanduser() for each in stated) or tuple(own)
    return found
