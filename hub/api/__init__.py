"""The hub's HTTP side: parse, call one verb, answer."""

from litestar.types import ControllerRouterHandler

from hub.api import (
    artifacts,
    bulk,
    change,
    dead_letters,
    docs,
    events,
    health,
    jobs,
    machines,
    socket,
    system,
    workers,
    workflows,
)
from hub.api.errors import HANDLERS

ROUTES: tuple[ControllerRouterHandler, ...] = (
    jobs.submit_job,
    jobs.get_job,
    jobs.get_job_status,
    jobs.explain_job,
    jobs.get_job_progress,
    jobs.get_job_preview,
    jobs.cancel_job,
    change.change_job,
    jobs.list_jobs,
    dead_letters.list_dead_letters,
    dead_letters.replay_job,
    bulk.change_jobs,
    events.follow_job,
    workflows.declare_workflow,
    workflows.get_workflow,
    workflows.list_workflows,
    workflows.change_workflow,
    workflows.cancel_workflow,
    workflows.resume_workflow,
    workers.list_workers,
    workers.get_worker,
    workers.get_next_jobs,
    machines.issue_token,
    machines.enrol_machine,
    machines.list_machines,
    machines.revoke_machine,
    artifacts.put_artifact,
    artifacts.get_artifact,
    artifacts.has_artifact,
    health.health,
    system.system_status,
    docs.assets,
    socket.worker_socket,
    socket.client_socket,
    socket.monitor_socket,
    socket.any_socket,
)

__all__ = ["HANDLERS", "ROUTES"]
