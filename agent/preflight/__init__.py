"""What a machine must be before it takes a job: every check says what is wrong and what helps.

`machine_findings` are about all workers, `worker_findings` about one, `offer_findings` about what
its engines turned out to have.
"""

from agent.inventory import Gpu, Survey
from agent.preflight.disk import disk_findings
from agent.preflight.driver import driver_findings
from agent.preflight.engine import engine_findings, offer_findings
from agent.preflight.finding import Finding, blocking, report
from agent.preflight.gpu import gpu_findings
from agent.preflight.hub import hub_findings
from agent.settings import AgentSettings

__all__ = [
    "Finding",
    "blocking",
    "hub_findings",
    "machine_findings",
    "offer_findings",
    "report",
    "worker_findings",
]


def machine_findings(settings: AgentSettings, found: Survey) -> list[Finding]:
    """The driver, cards that do not answer, the disk. Takes as long as a few MB take to write."""
    return [*driver_findings(settings, found), *disk_findings(settings)]


def worker_findings(settings: AgentSettings, gpu: Gpu | None, found: Survey) -> list[Finding]:
    """A worker's GPU, and the folders and Pythons of the engines that are started for it."""
    return [*gpu_findings(settings, gpu), *engine_findings(settings, found.driver)]
