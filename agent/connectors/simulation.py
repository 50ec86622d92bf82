"""The simulation: jobs that take time, report progress and leave pictures, without a GPU.

A payload with a ComfyUI graph is walked node by node and yields real PNG files. Any other payload
is a plain job: so many steps and no file. `{"simulation": {"processing_time_s", "steps",
"failure_rate"}}` in a payload overrides those settings for that job.
"""

from collections.abc import Callable, Sequence
from random import random
from typing import Any, cast

from attrs import Attribute, evolve, field, frozen

from agent.connectors.base import Offer, Report, Result, Work
from agent.connectors.pacing import Pace, Stage
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
        settings = _overridden(self._settings, work.payload)
        payload = {key: value for key, value in work.payload.items() if key != "simulation"}
        if has_graph(payload):
            return await self._run_graph(plan(payload, settings.steps), settings, report)
        stages = (Stage(steps=settings.steps),)
        await self._pace(stages, settings, report).walk()
        return Result(data={"simulated": True, "steps": settings.steps})

    async def _run_graph(
        self, planned: Plan, settings: SimulationSettings, report: Report
    ) -> Result:
        from agent.connectors import simulation_output  # noqa: PLC0415 - other jobs need no Pillow

        look = await simulation_output.previews(planned)
        await self._pace(planned.stages, settings, report).walk(look)
        return await simulation_output.render(planned)

    def _pace(self, stages: Sequence[Stage], settings: SimulationSettings, report: Report) -> Pace:
        return Pace(
            stages=stages,
            processing_time_s=settings.processing_time_s,
            interval_s=settings.progress_interval_ms / 1000,
            report=report,
            fails=self._draw() < settings.failure_rate,
        )


def _overridden(settings: SimulationSettings, payload: dict[str, Any]) -> SimulationSettings:
    override = payload.get("simulation", {})
    if not isinstance(override, dict):
        raise invalid(f"simulation must be an object, got {override!r}")
    changes = cast("dict[str, Any]", override)
    for name in changes:
        if name not in _OVERRIDABLE:
            allowed = ", ".join(_OVERRIDABLE)
            raise invalid(f"simulation.{name} cannot be set by a job; only {allowed} can")
    try:
        return evolve(settings, **changes)
    except ValueError as error:
        raise invalid(f"simulation.{error}") from error
