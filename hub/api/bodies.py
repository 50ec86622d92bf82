"""What REST clients may send: every field with its type and bounds, and nothing else."""

from functools import lru_cache
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from hub.api.graph_reading import Stated, read_graph, reread, stated_names
from hub.api.moments import FORMS, Moment, milliseconds
from shared.fields import FieldError, within
from shared.graph_needs import GraphNeeds
from shared.jobs import MAX_PRIORITY, Job, JobSpec, another_go
from shared.labels import LabelNeed, label_needs
from shared.matching import HardwareNeed, Requirement

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Meta(max_length=200)]
Amount = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Priority = Annotated[
    int, Meta(ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="higher goes first; 50 when left out")
]

Time = Annotated[int, Meta(ge=0, le=9_999_999_999_999, description="milliseconds since the epoch")]


LABELS = (
    "conditions on the labels of workers, all of which must hold: a value, or an object with any of "
    '`=`, `in`, `>=`, `exists`, `not`, as in {"disk": "nvme", "driver": {">=": 550}}'
)


READ = "left out, a ComfyUI job's graph tells"


class HardwareBody(Struct, forbid_unknown_fields=True, frozen=True):
    """The least a job needs. Sizes in GB. `"all"` and a missing field mean: no matter."""

    gpu_memory_gb: Amount | str | UnsetType = UNSET
    gpu_count: Count | str | UnsetType = UNSET
    compute_capability: Amount | str | UnsetType = UNSET
    cpu_cores: Count | str | UnsetType = UNSET
    ram_gb: Amount | str | UnsetType = UNSET
    storage_gb: Amount | str | UnsetType = UNSET


class RequirementsBody(Struct, forbid_unknown_fields=True, frozen=True):
    """What a worker must offer to run the job."""

    service_type: Name | None = None
    component: Name | None = None
    workflow: Name | None = None
    models: Annotated[Names | str | UnsetType, Meta(description=READ + '; "all": any')] = UNSET
    custom_nodes: Annotated[Names | UnsetType, Meta(description=READ)] = UNSET
    hardware: HardwareBody = HardwareBody()
    customer_isolation: Annotated[str, Meta(pattern="^(strict|loose|none)$")] | None = None
    geographic_region: Name | None = None
    compliance: Names = ()
    quality_level: Annotated[str, Meta(pattern="^(fast|balanced|quality)$")] | None = None
    max_rate_per_hour: Amount | None = None
    labels: Annotated[dict[str, Any], Meta(max_length=50, description=LABELS)] | None = None
    timeout_minutes: Annotated[float, Meta(gt=0, le=10_080)] | None = None


class WorkBody(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is to be done, and who can do it."""

    type: Annotated[Name, Meta(description="the service that runs it", examples=["comfyui"])]
    payload: Annotated[dict[str, Any], Meta(description="what the service is given, untouched")]
    requirements: RequirementsBody = RequirementsBody()
    customer_id: Name | None = None
    max_retries: Annotated[int, Meta(ge=0, le=100)] = 3
    timeout_minutes: Annotated[float, Meta(gt=0, le=10_080)] | None = None
    run_at: Annotated[Moment | None, Meta(description="not before; " + FORMS)] = None
    deadline: Annotated[
        Moment | None, Meta(description="if it has not finished by then, it fails; " + FORMS)
    ] = None

    def work(self, **said: Any) -> JobSpec:
        """The job, of no workflow unless that is `said`. Raises `FieldError`."""
        needs = read_graph(self.type, self.payload)
        run_at, deadline = self._times()
        return JobSpec(
            type=self.type,
            payload=self.payload,
            requirement=self._requirement(needs),
            customer_id=self.customer_id,
            max_retries=self.max_retries,
            timeout_minutes=self.timeout_minutes or self.requirements.timeout_minutes,
            run_at=run_at,
            deadline=deadline,
            **said,
        )

    def _times(self) -> tuple[int | None, int | None]:
        run_at = None if self.run_at is None else milliseconds("run_at", self.run_at)
        deadline = None if self.deadline is None else milliseconds("deadline", self.deadline)
        if run_at is not None and deadline is not None and deadline <= run_at:
            raise FieldError("deadline", "is not after run_at", "a moment after run_at")
        return run_at, deadline

    def _requirement(self, needs: GraphNeeds) -> Requirement:
        labels = _labels(self.requirements.labels)
        asked = replace(self.requirements, labels=None)
        return _required(self.type, self.customer_id, asked, labels, needs)


class JobBody(WorkBody, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A job to be done."""

    priority: Priority | None = None
    unique_key: Annotated[
        Name | None,
        Meta(description="while a job of this customer waits or runs under it, there is no other"),
    ] = None
    on_unservable: Annotated[
        Literal["accept", "reject"],
        Meta(description="what to do when no connected worker could ever run it"),
    ] = "accept"
    workflow_id: Name | None = None
    workflow_priority: Priority | None = None
    workflow_datetime: Time | None = None
    step_number: Annotated[int, Meta(ge=0, le=999_999)] = 0

    def spec(self, default_priority: int, job_id: str | None = None) -> JobSpec:
        """The job as the store takes it. Raises `FieldError`."""
        self._check_workflow()
        return self.work(
            id=job_id,
            unique_key=self.unique_key,
            priority=default_priority if self.priority is None else self.priority,
            workflow_id=self.workflow_id,
            workflow_priority=self.workflow_priority,
            workflow_datetime=self.workflow_datetime,
            step_number=self.step_number,
        )

    def _check_workflow(self) -> None:
        for name in ("workflow_priority", "workflow_datetime"):
            if self.workflow_id is None and getattr(self, name) is not None:
                raise FieldError(name, "there is no workflow_id", "both, or neither")


class ReplayBody(Struct, forbid_unknown_fields=True, frozen=True):
    """What is to be different in another go of a job."""

    payload: Annotated[dict[str, Any] | None, Meta(description="in place of the old one")] = None
    priority: Priority | None = None
    again: Annotated[bool, Meta(description="though it was replayed before")] = False

    def spec(self, job: Job, job_id: str | None) -> JobSpec:
        """The new job as the store takes it. Raises `FieldError`."""
        payload = job.payload if self.payload is None else self.payload
        requirement = reread(job.requirements, job.type, job.payload, payload)
        priority = job.priority if self.priority is None else self.priority
        return another_go(
            job, id=job_id, payload=payload, requirement=requirement,
            priority=priority, is_again=self.again,
        )  # fmt: skip


class JobChange(Struct, forbid_unknown_fields=True, frozen=True):
    """What can be changed of a job."""

    priority: Priority


class CancelBody(Struct, forbid_unknown_fields=True, frozen=True):
    """Why a job is cancelled."""

    reason: Annotated[str, Meta(max_length=1000)] = "Manually cancelled"


@lru_cache(maxsize=512)
def _required(
    type_: str,
    customer_id: str | None,
    asked: RequirementsBody,
    labels: tuple[LabelNeed, ...],
    needs: GraphNeeds,
) -> Requirement:
    """What a worker must offer. Most jobs ask for what others did: it is made, and hashed, once."""
    stated = Stated(
        models=_models(type_, asked.models),
        custom_nodes=None if asked.custom_nodes is UNSET else asked.custom_nodes,
    )
    return Requirement(
        service_type=asked.service_type or type_,
        component=_limit(asked.component),
        workflow=_limit(asked.workflow),
        **stated.completed(needs),
        hardware=_hardware(asked.hardware),
        customer_id=customer_id,
        customer_isolation=asked.customer_isolation,
        geographic_region=asked.geographic_region,
        compliance=asked.compliance,
        quality_level=asked.quality_level,
        max_rate_per_hour=asked.max_rate_per_hour,
        labels=labels,
    )


def _limit(name: str | None) -> str | None:
    return None if name == "all" else name


def _models(type_: str, names: tuple[str, ...] | str | UnsetType) -> tuple[str, ...] | None:
    if names is UNSET:
        return None
    if isinstance(names, tuple):
        return stated_names(type_, names)
    if names == "all":
        return ()
    raise FieldError("requirements.models", "is a text", 'a list of names, or "all"')


def _labels(asked: dict[str, Any] | None) -> tuple[LabelNeed, ...]:
    if not asked:
        return ()
    with within("requirements.labels."):
        return label_needs(asked)


def _hardware(body: HardwareBody) -> HardwareNeed:
    needs: dict[str, Any] = {}
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if isinstance(value, str) and value != "all":
            raise FieldError(f"requirements.hardware.{name}", "is a text", 'a number, or "all"')
        if not isinstance(value, (str, UnsetType)):
            needs[name] = value
    return HardwareNeed(**needs)
