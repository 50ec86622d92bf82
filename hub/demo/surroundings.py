"""What the demo finds around it: the user's workflow, and perhaps a ComfyUI."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx

from hub.demo.errors import DemoError
from shared.wire import WireError, load_json

_PROBE_S = 2.0


def read_workflow(path: Path) -> Any:
    """Return the JSON in a file; whether it is a workflow is for the hub to say.

    Raises `DemoError`.
    """
    try:
        return load_json(path.read_bytes())
    except OSError as problem:
        raise DemoError(
            f"the workflow {path.absolute()} cannot be read ({problem.strerror}); "
            "name a ComfyUI workflow in the API format with --workflow PATH"
        ) from problem
    except WireError as problem:
        raise DemoError(
            f"the workflow {path} is {problem}; export it from ComfyUI with Workflow > Export (API)"
        ) from problem


def check_folder(path: Path, meant_for: str, named_by: str) -> None:
    """Make sure that files can be put into `path`, which is made. Raises `DemoError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path).close()
    except OSError as problem:
        raise DemoError(
            f"{meant_for} cannot be kept in {path.absolute()} ({problem.strerror}); "
            f"name another folder with {named_by}"
        ) from problem


async def comfyui_answers(url: str) -> bool:
    """Whether a ComfyUI is there; whatever else listens or is silent is none."""
    # The agent asks without a proxy, too.
    async with httpx.AsyncClient(timeout=_PROBE_S, trust_env=False) as client:
        with suppress(httpx.HTTPError, httpx.InvalidURL, WireError):
            response = await client.get(f"{url.rstrip('/')}/system_stats")
            facts = load_json(response.content)
            return isinstance(facts, dict) and "system" in facts
    return False


def shown(path: Path) -> Path:
    """Return the path as somebody in the working directory would write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
