"""What may be said of many jobs at once."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from hub.api.bodies import CancelBody, Name, Priority
from hub.api.moments import FORMS, Moment, moment_of
from hub.store.searches import Filter
from shared.fields import FieldError
from shared.states import TERMINAL, ErrorClass, JobState

OPEN = tuple(state for state in JobState if state not in TERMINAL)
STATES: dict[str, tuple[JobState, ...]] = {
    "cancel": OPEN,
    "prioritise": OPEN,
    "replay": (JobState.FAILED, JobState.CANCELLED),
}
"""The states in which something can be done to jobs."""


class FilterBody(Struct, forbid_unknown_fields=True, frozen=True):
    """Which jobs: those that have all of it."""

    status: Annotated[
        JobState | None,
        Meta(description="every state in which the action is possible, if not said"),
    ] = None
    type: Name | None = None
    customer_id: Name | None = None
    worker_id: Name | None = None
    workflow_id: Name | None = None
    error_class: ErrorClass | None = None
    ended_from: Annotated[Moment | None, Meta(description=FORMS)] = None
    ended_to: Annotated[Moment | None, Meta(description=FORMS)] = None


class BulkBody(Struct, forbid_unknown_fields=True, frozen=True):
    """An action, and the jobs it is meant for."""

    action: Literal["cancel", "prioritise", "replay"]
    filter: FilterBody
    dry_run: Annotated[bool, Meta(description="only count")] = False
    limit: Annotated[int, Meta(ge=1, le=10_000, description="the most jobs in this call")] = 1000
    cursor: Annotated[str | None, Meta(description="go on: the cursor of the last answer")] = None
    reason: Annotated[str, Meta(max_length=1000)] = CancelBody().reason
    priority: Annotated[
        Priority | None, Meta(description="of each replay; needed to prioritise")
    ] = None
    payload: Annotated[dict[str, Any] | None, Meta(description="of each replay")] = None

    def filters(self) -> list[Filter]:
        """One for each state, in order. Raises `FieldError`."""
        asked, possible = self.filter, STATES[self.action]
        if self.action == "prioritise" and self.priority is None:
            raise FieldError("priority", "is needed", "the new priority")
        if asked.status is not None and asked.status not in possible:
            told = f"one of {', '.join(possible)}"
            raise FieldError("filter.status", f"nothing to {self.action} there", told)
        return [self._of(status) for status in possible if asked.status in (None, status)]

    def _of(self, status: JobState) -> Filter:
        asked = self.filter
        return Filter(
            status=status,
            type=asked.type,
            customer=asked.customer_id,
            worker=asked.worker_id,
            workflow=asked.workflow_id,
            error=asked.error_class,
            ended_from=moment_of("filter.ended_from", asked.ended_from),
            ended_to=moment_of("filter.ended_to", asked.ended_to),
        )
