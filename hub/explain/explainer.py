"""One answer to "why is my job waiting?"."""

from datetime import UTC, datetime

from attrs import evolve, frozen

from hub.explain.choices import Choices
from hub.explain.estimates import Estimates
from hub.explain.verdicts import Verdict, Verdicts, nearest_fix
from hub.store.outlook import Outlook
from hub.store.presence import Presence
from hub.store.rivals import Ahead, Rivals
from hub.store.views import Views
from shared.jobs import Job
from shared.states import LEASED, TERMINAL, JobState


@frozen(kw_only=True)
class Explanation:
    """What keeps a job. Of one that waits: every connected worker, and what is before it."""

    job_id: str
    status: JobState
    words: str
    queue_position: int | None = None  # in its lane, from 0
    display_position: int | None = None
    jobs_ahead: int | None = None  # that the same workers could do
    jobs_ahead_is_exact: bool | None = None  # false: at least so many
    workers: list[Verdict] | None = None
    nearest_fix: str | None = None


@frozen
class Explainer:
    """Reads, and changes nothing. The cost grows with workers and lanes, never with jobs."""

    presence: Presence
    views: Views
    rivals: Rivals
    estimates: Estimates
    choices: Choices

    @classmethod
    def over(cls, outlook: Outlook, views: Views, presence: Presence) -> "Explainer":
        """With parts of its own, and workers that choose as `outlook` says."""
        client, lanes = outlook.client, outlook.lanes
        return cls(
            presence,
            views,
            Rivals(client, lanes),
            Estimates(client, views),
            Choices(client, outlook),
        )

    async def explain(self, job_id: str) -> Explanation | None:
        """Why the job is where it is; None when there is no such job."""
        job = await self.views.job(job_id)
        if job is None:
            return None
        if job.status in TERMINAL or job.status in LEASED:
            return Explanation(job_id=job_id, status=job.status, words=_not_waiting(job))
        return await self._waiting(job)

    async def _waiting(self, job: Job) -> Explanation:
        fleet = await self.presence.muster()
        verdicts = Verdicts.of(fleet, job.requirements)
        able = verdicts.able_classes
        ahead = await self.rivals.ahead(job.id, able)
        if able:
            held = await self.choices.held(job.id, verdicts, ahead and ahead.in_lane)
            verdicts = evolve(verdicts, held=held)
        free_in_s = await self.estimates.free_in_s(verdicts.busy)
        fix = None if able else nearest_fix(fleet, job.requirements)
        return Explanation(
            job_id=job.id,
            status=job.status,
            words=_delay(job) or fix or _words(verdicts, ahead, free_in_s),
            queue_position=None if ahead is None else ahead.in_lane,
            display_position=None if ahead is None else ahead.in_lane + 1,
            jobs_ahead=None if ahead is None else ahead.in_all,
            jobs_ahead_is_exact=None if ahead is None else ahead.is_exact,
            workers=verdicts.told(free_in_s),
            nearest_fix=fix,
        )


def _delay(job: Job) -> str | None:
    if job.status is not JobState.DELAYED:
        return None
    return f"waits until {_clock(job.not_before)}, then takes its place in the line"


def _words(verdicts: Verdicts, ahead: Ahead | None, free_in_s: dict[str, float]) -> str:
    before = ahead.in_all if ahead else 0
    line = "it is the next" if not before else f"{_jobs(before)} before it"
    if free := len(verdicts.free):
        able = "1 worker fits and has room" if free == 1 else f"{free} workers fit and have room"
        return f"{line}; {able}: {_names(verdicts)}"
    if verdicts.held:
        return f"{line}; {next(iter(verdicts.held))} {next(iter(verdicts.held.values()))[1]}"
    busy = len(verdicts.busy)
    able = "the only worker that fits is" if busy == 1 else f"all {busy} workers that fit are"
    soon = f"; there may be room in {min(free_in_s.values()):.0f} s" if free_in_s else ""
    return f"{line}; {able} busy{soon}"


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count} jobs are"


def _names(verdicts: Verdicts) -> str:
    names = [each.worker_id for each in verdicts.free]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004 - enough to see


def _not_waiting(job: Job) -> str:
    if job.status in LEASED:
        return f"{job.worker_id} has it since {_clock(job.assigned_at)}, attempt {job.attempt}"
    why = f": {job.error}" if job.error else ""
    return f"{job.status.value} since {_clock(job.finished_at)}{why}"


def _clock(at_ms: int | None) -> str:
    return datetime.fromtimestamp((at_ms or 0) / 1000, UTC).isoformat(timespec="seconds")
