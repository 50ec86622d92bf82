"""What REST clients may send about workflows."""

from typing import Annotated
from uuid import uuid4

from msgspec import Meta, Struct

from hub.api.bodies import Name, Priority, Time, WorkBody
from hub.store.workflows import Declaration
from shared.fields import FieldError, within
from shared.jobs import JobSpec
from shared.references import MalformedReferenceError, references
from shared.workflows import MAX_STEPS, FailurePolicy, StepNeeds, shape_of

StepName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
StepNames = Annotated[tuple[StepName, ...], Meta(max_length=MAX_STEPS)]


class StepBody(WorkBody, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A step: a job that is done when those that it depends on are completed.

    Anywhere in its payload, `{"$from": "step", "path": "/files/0/url"}` stands for what the JSON
    Pointer `path` finds in the result of a step that it depends on, without `path` for all of it.
    """

    name: StepName
    depends_on: StepNames = ()

    def needs(self) -> StepNeeds:
        """What it says of other steps. Raises `FieldError`."""
        try:
            sources = {each.step for each in references(self.payload)}
        except MalformedReferenceError as problem:
            raise FieldError(
                "payload", str(problem), '{"$from": "step", "path": "/files/0/url"}'
            ) from problem
        return StepNeeds(self.name, self.depends_on, tuple(sorted(sources)))


class WorkflowBody(Struct, forbid_unknown_fields=True, frozen=True):
    """A workflow: to be there before its steps are sent one by one, or with all its steps."""

    workflow_id: Annotated[Name, Meta(description="a new one when left out")] | None = None
    priority: Priority | None = None
    workflow_datetime: Annotated[Time, Meta(description="now when left out")] | None = None
    on_failure: Annotated[
        FailurePolicy,
        Meta(description="stop: no further step begins; continue: what does not depend is done"),
    ] = FailurePolicy.STOP
    steps: Annotated[tuple[StepBody, ...], Meta(max_length=MAX_STEPS)] = ()

    def declaration(self, default_priority: int, new_id: str | None = None) -> Declaration:
        """The workflow as the store takes it. Raises `FieldError`."""
        needs, specs = list[StepNeeds](), dict[str, JobSpec]()
        for at, step in enumerate(self.steps):
            with within(f"steps[{at}]."):
                needs.append(step.needs())
                specs[step.name] = step.work()
        with within("steps"):
            shape = shape_of(needs)
        return Declaration(
            workflow_id=self.workflow_id or new_id or str(uuid4()),
            priority=default_priority if self.priority is None else self.priority,
            submitted_at=self.workflow_datetime,
            policy=self.on_failure,
            shape=shape,
            steps=specs,
        )


class WorkflowChange(Struct, forbid_unknown_fields=True, frozen=True):
    """What can be changed of a workflow."""

    priority: Priority
