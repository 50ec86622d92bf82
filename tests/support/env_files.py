"""Writes `.env.hub.example` and `.env.worker.example`: `python -m tests.support.env_files`."""

from pathlib import Path
from typing import Any

from attrs import NOTHING

from agent.settings import AgentSettings
from hub.settings import HubSettings
from shared.settings import _Setting  # pyright: ignore[reportPrivateUsage]
from shared.settings_order import in_order
from tests.support.tree import ROOT

HEADS = {
    ".env.hub.example": (HubSettings, "What a hub can be told; copy to .env.hub and set what differs."),
    ".env.worker.example": (
        AgentSettings, "What an agent can be told; copy to .env.worker and set what differs.",
    ),
}  # fmt: skip
GIVEN = {
    "REDIS_URL": "redis://127.0.0.1:6379",
    "HUB_API_KEYS": "a-long-random-key-for-clients",
    "HUB_WORKER_TOKENS": "a-long-random-token-for-workers",
    "WORKER_TOKEN": "a-long-random-token-for-workers",
    "WORKER_ID": "gpu-box-1",
}
"""Placeholders where the default is none, or depends on the machine."""


def written(name: str) -> str:
    """The text of one of the files: every setting with its help, the default behind a `#`."""
    cls, head = HEADS[name]
    parts = [f"# {head}", *(_entry(each) for each in in_order(cls))]
    return "\n\n".join(parts) + "\n"


def _entry(attribute: Any) -> str:
    about: _Setting = attribute.metadata[_Setting]
    others = f" (also {', '.join(about.env[1:])})" if about.env[1:] else ""
    value = GIVEN.get(about.env[0]) or _shown(attribute.default)
    return f"# {about.help}{others}\n#{about.env[0]}={value}"


def _shown(default: Any) -> str:
    if default is None or default is NOTHING or default == {}:
        return ""
    if isinstance(default, tuple):
        return ",".join(str(each) for each in default)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(default, Path):
        return str(default).replace(str(Path.home()), "~")
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    for name in HEADS:
        (ROOT / name).write_text(written(name))
