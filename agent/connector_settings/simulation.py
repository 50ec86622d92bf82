"""What a simulated job is like."""

from attrs import frozen

from agent.connector_settings.names import either
from shared.bounds import between
from shared.settings import setting


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class SimulationOptions:
    """How long simulated jobs take, and how often they fail."""

    simulation_processing_time_s: float = setting(
        either("SIMULATION_PROCESSING_TIME"),
        5.0,
        "seconds that a simulated job takes",
        validator=between(0, 86_400),
    )
    simulation_steps: int = setting(
        either("SIMULATION_STEPS"),
        10,
        "steps of a simulated job without a workflow",
        validator=between(0, 1000),
    )
    simulation_failure_rate: float = setting(
        either("SIMULATION_FAILURE_RATE"),
        0.1,
        "share of simulated jobs that fail, 0 to 1",
        validator=between(0, 1),
    )
    simulation_progress_interval_ms: int = setting(
        either("SIMULATION_PROGRESS_INTERVAL_MS"),
        200,
        "milliseconds between two reports of a simulated job",
        validator=between(1, 3_600_000),
    )
    simulation_job_type: str = setting(
        either("SIMULATION_JOB_TYPE", "JOB_TYPE"),
        "simulation",
        "the services that the simulation plays, with commas between",
    )
