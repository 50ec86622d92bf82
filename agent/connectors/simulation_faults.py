"""Faults that a simulated job asks for, to see what hub, agent and users make of them.

`{"simulation": {"fault": "oom"}}`, or `{"fault": {"kind", "attempts", "factor"}}` for only the first
so many attempts, and for how much slower `slow` is.
"""

import asyncio
from typing import Any

from attrs import evolve, field, frozen, validators

from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, OutputFile, Result
from agent.connectors.simulation_plan import invalid
from shared.states import ErrorClass

_ERRORS: dict[str, tuple[ErrorClass, str]] = {
    "fail": (ErrorClass.INTERNAL, "the simulation failed this job on purpose, as its fault asks"),
    "crash": (ErrorClass.ENGINE_CRASH, "the engine ended with signal 9 (simulated)"),
    "oom": (ErrorClass.OUT_OF_MEMORY, "CUDA out of memory: tried to allocate 2.00 GiB (simulated)"),
    "cuda": (ErrorClass.CUDA, "CUDA error: an illegal memory access was encountered (simulated)"),
    "missing_model": (ErrorClass.MISSING_MODEL, "the model is not on this worker (simulated)"),
}
KINDS = (*_ERRORS, "hang", "slow", "wrong_result")


@frozen(kw_only=True)
class Fault:
    """What goes wrong, in the first `attempts` attempts."""

    kind: str = field(validator=validators.in_(KINDS))
    attempts: int = field(
        default=1_000_000, validator=[validators.instance_of(int), validators.ge(1)]
    )
    factor: float = field(
        default=10.0, validator=[validators.instance_of((int, float)), validators.ge(1)]
    )

    @property
    def slowdown(self) -> float:
        """How many times longer the job takes."""
        return self.factor if self.kind == "slow" else 1.0

    async def strike(self) -> None:
        """In the middle of the job: raise, hang, or do nothing."""
        if self.kind in _ERRORS:
            error_class, message = _ERRORS[self.kind]
            raise ConnectorError(message, error_class=error_class)
        if self.kind == "hang":
            await asyncio.Event().wait()  # that nobody sets

    def spoiled(self, result: Result) -> Result:
        """Return the result as it is handed in: a wrong one has half of each file."""
        if self.kind != "wrong_result":
            return result
        return Result(data=result.data | {"steps": -1}, files=tuple(map(_halved, result.files)))


def find_fault(asked: object, attempt: int) -> Fault | None:
    """Return the fault of this attempt, if it has one. Raises `ConnectorError` (validation)."""
    if asked is None:
        return None
    facts: dict[str, Any] = asked if is_object(asked) else {"kind": asked}
    try:
        fault = Fault(**facts)
    except (TypeError, ValueError) as error:
        raise invalid(
            f"simulation.fault must be one of {', '.join(KINDS)}, or an object with kind, attempts "
            f"and factor; got {asked!r}"
        ) from error
    return fault if attempt <= fault.attempts else None


def _halved(file: OutputFile) -> OutputFile:
    content = file.content
    return (
        evolve(file, content=content[: len(content) // 2]) if isinstance(content, bytes) else file
    )
