"""Which worker is on which connection of this hub."""

from attrs import define, field

from hub.sessions.worker import WorkerSession


@define
class Registry:
    """The worker sessions of this hub, by worker id."""

    _sessions: dict[str, WorkerSession] = field(factory=dict, init=False)

    def enter(self, session: WorkerSession) -> None:
        """A worker has registered; an older session of the same worker here is told to go."""
        before = self._sessions.get(session.worker_id)
        self._sessions[session.worker_id] = session
        if before is not None:
            before.evict()

    def leave(self, session: WorkerSession) -> None:
        """A worker's connection is gone."""
        if self._sessions.get(session.worker_id) is session:
            del self._sessions[session.worker_id]

    def find(self, worker_id: str) -> WorkerSession | None:
        """The session of a worker that is here."""
        return self._sessions.get(worker_id)

    def cancel(self, job_id: str, worker_id: str) -> None:
        """Tell the worker, when it is here, that a job of its was cancelled."""
        session = self._sessions.get(worker_id)
        if session is not None:
            session.cancel(job_id, "cancelled")

    def evict(self, session_id: str, worker_id: str) -> None:
        """Another hub has the worker now."""
        session = self._sessions.get(worker_id)
        if session is not None and session.id == session_id:
            session.evict()
