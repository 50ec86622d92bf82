"""The environment of an engine: its GPU, and nothing of the agent's own."""

import sys
from collections.abc import Iterable, Mapping

_OURS = ("_PYI_", "_MEIPASS", "PYINSTALLER_")
_SECRETS = ("TOKEN", "PASSWORD", "API_KEY", "SECRET")
_MEANT_FOR_ENGINES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "CIVITAI_API_KEY", "CIVITAI_TOKEN")


def engine_environ(
    ours: Mapping[str, str], gpu: str | None, own_names: Iterable[str] = ()
) -> dict[str, str]:
    """What an engine on the GPU with this UUID gets of our environment.

    `own_names` are the variables that hold settings of the agent: secrets among them are kept
    from the engine, whose custom nodes are anybody's code.
    """
    hidden = {
        name
        for name in own_names
        if any(word in name for word in _SECRETS) and name not in _MEANT_FOR_ENGINES
    }
    kept = {name: value for name, value in plain_environ(ours).items() if name not in hidden}
    kept["PYTHONUNBUFFERED"] = "1"
    if gpu is not None:
        kept |= {"CUDA_VISIBLE_DEVICES": gpu, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return kept


def plain_environ(ours: Mapping[str, str]) -> dict[str, str]:
    """Our environment without what the agent's single file needs for itself."""
    kept = {name: value for name, value in ours.items() if not name.startswith(_OURS)}
    _restore_library_path(kept)
    return kept


def _restore_library_path(environ: dict[str, str]) -> None:
    """Undo what the agent's single file did to find its own libraries: they are not for others."""
    before = environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        environ["LD_LIBRARY_PATH"] = before
    elif getattr(sys, "frozen", False):
        environ.pop("LD_LIBRARY_PATH", None)
