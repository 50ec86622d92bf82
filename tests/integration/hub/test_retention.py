"""What nobody needs any more: old jobs, gone workers, files that no job names."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from hub.artifacts import Artifacts
from hub.retention import Retention
from hub.settings import HubSettings
from hub.store import views as views_module
from hub.store.jobs import Progress
from hub.store.keys import key
from hub.store.machines import Machines
from hub.store.views import Views
from hub.store.workflows import Declaration
from shared.jobs import Failure
from shared.states import JobState
from shared.workflows import FailurePolicy
from tests.support.machines import admission, unseen_since
from tests.support.store import Hand, Store, spec

HOUR_S = 3600.0


@pytest.fixture
def retention(store: Store, tmp_path: Path) -> Retention:
    settings = HubSettings(hub_data_dir=tmp_path)
    artifacts = Artifacts(tmp_path / "artifacts")
    machines = Machines(store.client)
    return Retention(
        store.jobs, store.views, store.workers, store.workflows, machines, artifacts, settings
    )


@pytest.mark.parametrize(
    "state", [JobState.COMPLETED, JobState.CANCELLED, JobState.FAILED], ids=str
)
async def test_a_job_that_ended_is_kept_for_as_long_as_is_set(
    store: Store, hand: Hand, retention: Retention, tmp_path: Path, state: JobState
) -> None:
    lease = await hand.put(state)
    for hours, kept in ((1.0, True), (0.0, False)):
        settings = HubSettings(
            hub_data_dir=tmp_path, completed_job_ttl_hours=hours, failed_job_ttl_days=hours
        )
        await evolve(retention, settings=settings).purge()
        assert (await store.views.job(lease.job_id) is not None) == kept


async def test_more_jobs_than_one_call_removes_are_all_removed(
    store: Store, retention: Retention, tmp_path: Path
) -> None:
    for _ in range(101):
        submitted = await store.jobs.submit(spec())
        await store.jobs.cancel(submitted.job_id, "enough")
    settings = HubSettings(hub_data_dir=tmp_path, completed_job_ttl_hours=0)
    await evolve(retention, settings=settings).purge()
    assert (await store.views.page({}, 0, 1)).total == 0


async def test_workers_that_are_gone_are_forgotten_when_they_hold_nothing(
    store: Store, hand: Hand, retention: Retention
) -> None:
    await hand.take()
    await store.hand("w2")
    await evolve(retention, settings=evolve(retention.settings, worker_ttl_hours=0)).forget()
    assert [worker.worker_id for worker in await store.workers.all()] == ["w1"]


async def test_a_machine_goes_that_is_found_missing_twice_and_is_not_at_this_hub(
    store: Store, retention: Retention
) -> None:
    here, gone, back = [await admission(store, nonce=f"nonce {n} of this test") for n in range(3)]
    for each in (here, gone, back):
        await unseen_since(store, each, 1)
    here_only = frozenset({here.machine.machine_id})
    retention = evolve(retention, connected=lambda: here_only)
    assert await retention.lapse() == ""  # the hubs may have been away until now
    assert await retention.sight() == ""
    await retention.machines.greet(back.machine.machine_id, "w1")
    assert await retention.lapse() == "1 machines removed"
    assert await retention.lapse() == ""
    left = {each.machine_id for each in await retention.machines.all()}
    assert left == {here.machine.machine_id, back.machine.machine_id}


async def test_the_oldest_go_where_there_are_too_many(
    store: Store, hand: Hand, retention: Retention
) -> None:
    leases = [await hand.put(JobState.COMPLETED) for _ in range(4)]
    dead = await hand.put(JobState.FAILED)
    few = evolve(retention, settings=evolve(retention.settings, completed_job_keep=1))
    assert await few.purge() == "3 jobs removed"
    assert await few.purge() == ""
    found = (await store.views.page({}, 0, 9)).jobs
    assert [each.id for each in found] == [dead.job_id, leases[-1].job_id]


async def test_files_of_what_did_not_end_well_are_named(
    store: Store, hand: Hand, retention: Retention
) -> None:
    failed, cancelled, orphan = [await kept(retention, each) for each in (b"f", b"c", b"nobody's")]
    lease = await hand.take()
    await store.jobs.fail(lease, Failure(error="no", details={"partial": [{"sha256": failed}]}), 0)
    lease = await (await store.hand("w2")).take(spec(priority=99))
    await store.jobs.cancel(lease.job_id, "enough")
    await store.jobs.confirm(lease, "", [{"sha256": cancelled}])
    none = evolve(retention, settings=evolve(retention.settings, artifact_grace_hours=0))
    assert await none.sweep() == "1 files removed"
    assert set(await retention.artifacts.stored()) == {failed, cancelled}
    assert orphan not in await retention.artifacts.stored()


async def kept(retention: Retention, content: bytes) -> str:
    """The name of a file that was handed in."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    name = hashlib.sha256(content).hexdigest()
    await retention.artifacts.store(name, chunks())
    return name


async def test_only_files_that_no_job_names_are_swept(
    store: Store, hand: Hand, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_module, "SCAN", 2)
    names = [await kept(retention, content) for content in (b"in", b"out", b"shown", b"nobody's")]
    given, gave, shown, orphan = names
    await store.jobs.submit(spec(payload={"image": given}))
    await store.jobs.complete(await (await store.hand("w2")).take(spec(priority=99)), f'["{gave}"]')
    lease = await hand.take(spec(priority=99))
    await store.jobs.progress(lease, Progress(1, "", f'{{"file":"{shown}"}}'))
    later = evolve(retention, now_s=lambda: retention.now_s() + 25 * HOUR_S)
    assert await retention.sweep() == ""
    assert await later.sweep() == "1 files removed"
    assert await later.sweep() == ""
    found = [retention.artifacts.find(name) is not None for name in names]
    assert found == [True, True, True, False]
    assert orphan == names[3]


async def test_a_file_that_was_asked_for_meanwhile_stays(
    store: Store, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await kept(retention, b"x")
    await store.jobs.submit(spec())
    texts = Views.texts

    async def none_older(_: Artifacts, _moment_s: float) -> set[str]:
        return set()

    async def asked_for(views: Views) -> AsyncIterator[str]:
        async for text in texts(views):
            monkeypatch.setattr(Artifacts, "older_than", none_older)
            yield text

    monkeypatch.setattr(Views, "texts", asked_for)
    later = evolve(retention, now_s=lambda: retention.now_s() + 25 * HOUR_S)
    assert await later.sweep() == ""
    assert await retention.artifacts.keep(name)


async def aged(retention: Retention, content: bytes, age_s: float) -> str:
    """The name of a file that was handed in so long ago."""
    name = await kept(retention, content)
    path = retention.artifacts.find(name)
    assert path is not None
    at_s = retention.now_s() - age_s
    os.utime(path, (at_s, at_s))
    return name


async def test_files_that_no_job_names_go_sooner_where_there_are_too_many(
    store: Store, retention: Retention
) -> None:
    named = await aged(retention, b"n" * 400, 30 * HOUR_S)
    oldest, older, new = [
        await aged(retention, content * 400, hours * HOUR_S)
        for content, hours in ((b"a", 5), (b"b", 4), (b"c", 0.5))
    ]
    await store.jobs.submit(spec(payload={"image": named}))
    assert await retention.sweep() == ""

    def small(keep_bytes: float) -> Retention:
        return evolve(
            retention, settings=evolve(retention.settings, artifact_keep_gb=keep_bytes / 1e9)
        )

    assert await small(1600).sweep() == ""
    assert await small(1200).sweep() == "1 files removed"
    assert [retention.artifacts.find(each) is None for each in (oldest, older)] == [True, False]
    told = "4e-07 GB above ARTIFACT_KEEP_GB: jobs name them, or they are new"
    assert await small(400).sweep() == f"1 files removed; {told}"
    found = [retention.artifacts.find(each) is not None for each in (named, older, new)]
    assert found == [True, False, True]
    assert await small(400).sweep() == told


async def test_files_of_steps_that_are_no_jobs_yet_stay(
    store: Store, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_module, "SCAN", 2)
    for number in range(150):  # more than are looked at in one go
        await store.workflows.declare(Declaration(workflow_id=str(number), priority=1))
    name = await kept(retention, b"x")
    later_step = spec(payload={"inputs": [{"name": "a", "artifact": name}]})
    graph = Declaration(
        workflow_id="f",
        priority=1,
        policy=FailurePolicy.STOP,
        shape={"a": (), "b": ("a",)},
        steps={"a": spec(), "b": later_step},
    )
    await store.workflows.declare(graph)
    later = evolve(retention, now_s=lambda: retention.now_s() + 25 * HOUR_S)
    assert await later.sweep() == ""
    assert await retention.artifacts.keep(name)


async def test_a_file_that_is_not_here_cannot_be_kept(retention: Retention) -> None:
    assert not await retention.artifacts.keep("0" * 64)


async def test_workflows_that_got_no_step_are_removed(store: Store, retention: Retention) -> None:
    await store.workflows.declare(Declaration(workflow_id="f", priority=1))
    assert await retention.dissolve() == ""
    await store.client.command("ZADD", key("vacant"), 1, "f")
    assert await retention.dissolve() == "1 workflows removed"
    assert await store.workflows.get("f") is None
