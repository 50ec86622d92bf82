"""All periodic work there is."""

from collections.abc import Callable, Collection

from hub.artifacts import Artifacts
from hub.chores import Chore, Chores
from hub.reaper import Reaper
from hub.retention import Retention
from hub.settings import HubSettings
from hub.store.auditor import Auditor
from hub.store.duties import Duties
from hub.store.jobs import Jobs
from hub.store.machines import Machines
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows

SHOWN = 5
"""How many differences a result names."""


def chores(
    hub: str,
    jobs: Jobs,
    artifacts: Artifacts,
    settings: HubSettings,
    connected: Callable[[], Collection[str]],
) -> Chores:
    """The periodic work of one hub, joined. `connected` tells which machines are at this hub."""
    client, views = jobs.client, Views(jobs.client)
    workers, workflows, machines = Workers(client), Workflows(client), Machines(client)
    retention = Retention(jobs, views, workers, workflows, machines, artifacts, settings, connected)
    return Chores(
        hub,
        Duties(client),
        views,
        timetable(Reaper(jobs, views), retention, Auditor(client), settings),
    )


def timetable(
    reaper: Reaper, retention: Retention, auditor: Auditor, settings: HubSettings
) -> tuple[Chore, ...]:
    """The chores, by what they are for."""

    async def audit() -> str:
        found = await auditor.audit()
        if not found.differences:
            return f"{found.jobs} jobs, no difference"
        shown = "; ".join(found.differences[:SHOWN])
        return f"failed: {len(found.differences)} differences in {found.jobs} jobs: {shown}"

    jobs_every_s = settings.job_cleanup_interval_minutes * 60
    return (
        Chore("expired leases", 1.0, reaper.reap),
        Chore("due jobs", 0.25, reaper.promote),
        Chore("deadlines", 0.25, reaper.expire),
        Chore("retention", jobs_every_s, retention.purge),
        Chore("vacant workflows", jobs_every_s, retention.dissolve),
        Chore("lost workers", settings.worker_cleanup_interval_minutes * 60, retention.forget),
        Chore("lost machines", 3600.0, retention.lapse),
        Chore("connected machines", 300.0, retention.sight, is_own=True),
        Chore("audit", 600.0, audit),
        Chore("orphaned artifacts", 3600.0, retention.sweep, is_own=True),
    )
