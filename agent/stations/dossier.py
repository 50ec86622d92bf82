"""The dossier of a failed attempt: what was seen, and what to do about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve

from agent.engines import Supervisor
from agent.inventory import Gpu, gpu_load
from shared.jobs import Failure
from shared.states import ErrorClass

LOG_LINES = 200
_LONGEST_LINE = 500  # characters; the dossier travels with the report, and Redis keeps it

SUGGESTIONS: Mapping[ErrorClass, str] = {
    ErrorClass.VALIDATION: "Correct the payload as the message says; another try cannot help.",
    ErrorClass.MISSING_MODEL: (
        "Put the model on this worker, or state it in requirements.models, so that the job waits "
        "for a worker that has it."
    ),
    ErrorClass.MISSING_NODE: (
        "Install the custom nodes on this worker, or state them in requirements.custom_nodes."
    ),
    ErrorClass.OUT_OF_MEMORY: (
        "Ask for less at once (a smaller picture, batch or model), or for a larger GPU with "
        "requirements.hardware.gpu_memory_gb; see which processes hold memory in gpu."
    ),
    ErrorClass.CUDA: (
        "See the log for the first CUDA error, and xid for what the driver told of the GPU; if it comes again on this GPU alone, "
        "reset the GPU or restart the machine."
    ),
    ErrorClass.ENGINE_CRASH: "See the last lines of log; the engine is started anew if it is ours.",
    ErrorClass.HANG: (
        "See the node and the last lines of log; give slow jobs more patience in the settings."
    ),
    ErrorClass.NETWORK: "Check the address, the credentials and the way to the service.",
    ErrorClass.TIMEOUT: "Give the job more timeout_minutes, or ask for a faster GPU.",
    ErrorClass.LOST: "Nothing to do: the job is tried again elsewhere.",
    ErrorClass.INTERNAL: "See the message, the traceback and the last lines of log.",
}


def documented(
    failure: Failure,
    gpu: Gpu | None,
    engines: Sequence[Supervisor],
    xids: Sequence[int] = (),
    look: Callable[[Gpu], dict[str, Any]] = gpu_load,
) -> Failure:
    """Return the failure with its dossier in `details`; what the connector has told stays.

    `suggestion` is always there; `gpu` (its load as in heartbeats), `xid` (the numbers that the
    driver told of the GPU meanwhile) and `log` where there are any. Asks NVML, which blocks.
    """
    seen: dict[str, Any] = {"suggestion": SUGGESTIONS[failure.error_class]}
    if gpu is not None:
        seen["gpu"] = look(gpu)
    if xids:
        seen["xid"] = list(dict.fromkeys(xids))
    if failure.error_class is not ErrorClass.VALIDATION and (lines := _last_lines(engines)):
        seen["log"] = lines
    return evolve(failure, details={**failure.details, **seen})


def _last_lines(engines: Sequence[Supervisor]) -> list[str]:
    """The newest lines of all engines together, each cut short."""
    mark = len(engines) > 1
    return [
        f"{engine.name}: {line[:_LONGEST_LINE]}" if mark else line[:_LONGEST_LINE]
        for engine in engines
        for line in engine.last_lines(LOG_LINES // len(engines))
    ]
