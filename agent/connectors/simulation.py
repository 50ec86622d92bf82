"""The simulation: jobs that take time, report progress and leave pictures, without a GPU.

A payload with a ComfyUI graph is walked node by node and yields real PNG files. Any other payload
is a plain job: so many steps and no file. `{"simulation": {"processing_time_s", "steps",
"failure_rate"}}` in a payload overrides those settings for that job, and `fault` beside them makes
something go wrong (`simulation_faults`).
"""

from collections.abc import Callable, Sequence
from random import random
from typing import Any, cast

from attrs import Attribute, evolve, field, frozen

from agent.connectors.base import ConnectorError, Offer, Report, Result, Work
from agent.connectors.pacing import Pace, Stage
from agent.connectors.simulation_faults import Fault, find_fault
from agent.connectors.simulation_plan import Plan, invalid, plan
from shared.graphs import has_graph

_OVERRIDABLE = ("processing_time_s", "steps", "failure_rate")

_Validator = Callable[[Any, "Attribute[Any]", Any], None]


def _number(kind: type, low: float, high: float) -> _Validator:
    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        # bool is a kind of int, but no amount of anything
        is_number = isinstance(value, (int, kind)) and not isinstance(value, bool)
        if not is_number or not low <= cast("float", value) <= high:
            noun = "a whole number" if kind is int else "a number"
            raise ValueError(f"{attribute.name} must be {noun} from {low} to {high}, got {value!r}")

    return check


@frozen(kw_only=True)
class SimulationSettings:
    """How the simulation behaves. Raises `ValueError` naming a field out of its range."""

    processing_time_s: float = field(default=5.0, validator=_number(float, 0, 86_400))
    steps: int = field(default=10, validator=_number(int, 0, 1000))  # of jobs that name none
    failure_rate: float = field(default=0.1, validator=_number(float, 0, 1))  # share of all jobs
    progress_interval_ms: int = field(default=200, validator=_number(int, 1, 3_600_000))
    job_type: str = "simulation"  # the services offered, separated by commas
    max_concurrent_jobs: int = field(default=1, validator=_number(int, 1, 1000))

    @property
    def services(self) -> tuple[str, ...]:
        """The names in `job_type`."""
        return tuple(name.strip() for name in self.job_type.split(",") if name.strip())


class Simulation:
    """A `Connector` to nothing at all. `draw` returns a number in [0, 1): tests pass their own."""

    name = "simulation"

    def __init__(self, settings: SimulationSettings, *, draw: Callable[[], float] = random) -> None:
        if not settings.services:
            raise ValueError("job_type must name at least one service, such as simulation")
        self.slots = settings.max_concurrent_jobs
        self._settings = settings
        self._draw = draw

    async def open(self) -> None:
        """There is nothing to get ready."""

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def offer(self) -> Offer:
        """Offer the services of the settings, with any model."""
        return Offer(services=self._settings.services)

    async def run(self, work: Work, report: Report) -> Result:
        """Walk the payload's graph, or so many plain steps. Cancellation takes effect at once."""
        settings, fault = _overridden(self._settings, work)
        payload = {key: value for key, value in work.payload.items() if key != "simulation"}
        if has_graph(payload):
            planned = plan(payload, settings.steps)
            result = await self._run_graph(
                planned, self._pace(planned.stages, settings, fault, report)
            )
        else:
            stages = (Stage(steps=settings.steps),)
            await self._pace(stages, settings, fault, report).walk()
            result = Result(data={"simulated": True, "steps": settings.steps})
        return fault.spoiled(result) if fault else result

    async def _run_graph(self, planned: Plan, pace: Pace) -> Result:
        from agent.connectors import simulation_output  # noqa: PLC0415 - other jobs need no Pillow

        await pace.walk(await simulation_output.previews(planned))
        return await simulation_output.render(planned)

    def _pace(
        self,
        stages: Sequence[Stage],
        settings: SimulationSettings,
        fault: Fault | None,
        report: Report,
    ) -> Pace:
        fails = self._draw() < settings.failure_rate
        return Pace(
            stages=stages,
            processing_time_s=settings.processing_time_s * (fault.slowdown if fault else 1),
            interval_s=settings.progress_interval_ms / 1000,
            report=report,
            strike=fault.strike if fault else _fail if fails else None,
        )


async def _fail() -> None:
    raise ConnectorError("the simulation failed this job on purpose, see failure_rate")


def _overridden(
    settings: SimulationSettings, work: Work
) -> tuple[SimulationSettings, Fault | None]:
    override = work.payload.get("simulation", {})
    if not isinstance(override, dict):
        raise invalid(f"simulation must be an object, got {override!r}")
    changes = dict(cast("dict[str, Any]", override))
    fault = find_fault(changes.pop("fault", None), work.attempt)
    for name in changes:
        if name not in _OVERRIDABLE:
            allowed = ", ".join((*_OVERRIDABLE, "fault"))
            raise invalid(f"simulation.{name} cannot be set by a job; only {allowed} can")
    try:
        return evolve(settings, **changes), fault
    except ValueError as error:
        raise invalid(f"simulation.{error}") from error
