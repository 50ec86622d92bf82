"""Connectors of the operator's own: a Python file with a `make_connector`."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from agent.connectors.base import Connector

MAKER = "make_connector"
MakeConnector = Callable[[Mapping[str, str]], Connector]
"""Gets the environment, where its settings are, and returns a connector that is not open yet."""

_PARTS = ("name", "slots", "open", "close", "offer", "run")


def load(path: str, environ: Mapping[str, str] = os.environ) -> Connector:
    """Return the connector of the file at `path`. Raises `ValueError` when it has none."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"--connector (WORKER_CONNECTOR): there is no file {file}")
    try:
        connector = _maker(file)(environ)
    except Exception as error:
        raise ValueError(
            f"--connector (WORKER_CONNECTOR): {file} broke: {type(error).__name__}: {error}"
        ) from error
    missing = [part for part in _PARTS if not hasattr(connector, part)]
    if missing:
        raise ValueError(
            f"--connector (WORKER_CONNECTOR): what {MAKER} of {file} returns has no "
            f"{', '.join(missing)}; see docs/connectors.md"
        )
    return connector


def _maker(file: Path) -> MakeConnector:
    spec = importlib.util.spec_from_file_location(f"connector_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError("a Python file is needed, its name ending in .py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    maker = getattr(module, MAKER, None)
    if not callable(maker):
        raise ValueError(f"it defines no {MAKER}(environ)")  # noqa: TRY004 - a fault of the file
    return cast("MakeConnector", maker)
