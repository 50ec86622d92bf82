"""How the attempts of a worker outlive the agent."""

from functools import partial

from agent.ledger import Ledger
from agent.link.reports import final_report, lease_of
from agent.link.worker import Worker
from agent.runner import Keeping, Outcome
from agent.settings import AgentSettings
from shared.messages import JobAssigned


def ledger_of(settings: AgentSettings) -> Ledger:
    """The ledger of the worker with these settings."""
    return Ledger.at(settings.state_dir / "attempts" / settings.worker_id)


def keeping(worker: Worker, job: JobAssigned) -> Keeping:
    """Where an attempt of the worker keeps what it notes, and its outcome."""
    lease, ledger = lease_of(job), worker.ledger

    def end(outcome: Outcome) -> None:
        ledger.end(lease, final_report(job, outcome))

    return Keeping(notes=ledger.notes(lease), note=partial(ledger.note, lease), end=end)
