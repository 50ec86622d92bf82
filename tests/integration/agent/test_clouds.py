"""Clouds are known by their metadata, and so is the end of a machine."""

import socket

import pytest

from agent.inventory import Cloud, NoMetadataError, Provider, find_cloud
from shared.messages import JobFailedAck, RegisterWorker, ReleaseJob, WorkerRegistered
from shared.states import Reason
from tests.fakes.clouds import MACHINE, events, metadata
from tests.fakes.hub import FakeHub
from tests.support.agents import Start, end

LONG = {"WORKER_SIMULATION_PROCESSING_TIME": "3600"}
PROVIDERS = {
    "aws": Provider(
        name="aws", region="eu-central-1", instance_type="g5.xlarge", is_spot=True
    ),
    "gcp": Provider(
        name="gcp", region="us-central1", instance_type="g2-standard-4", is_spot=True
    ),
    "azure": Provider(
        name="azure", region="westeurope", instance_type="Standard_NC24ads_A100_v4", is_spot=True
    ),
}  # fmt: skip
NOTICES = {
    "aws": ("spot/instance-action", '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'),
    "gcp": ("preempted", "TRUE"),
    "azure": ("scheduledevents", events("Preempt", MACHINE)),
}


def found(address: str) -> Cloud:
    cloud = find_cloud(address)
    assert cloud is not None
    return cloud


@pytest.mark.parametrize("kind", PROVIDERS)
def test_a_cloud_is_known_by_its_own_answers_and_gives_notice(kind: str) -> None:
    with metadata(kind) as service:
        cloud = found(service.url)
        assert cloud.provider == PROVIDERS[kind]
        assert cloud.notice() is None
        page, text = NOTICES[kind]
        service.pages[page] = text
        assert (cloud.notice() or "").lower().startswith(kind)


@pytest.mark.parametrize(
    ("kind", "page", "text", "expected"),
    [
        ("aws", "instance-life-cycle", "on-demand", False),
        ("aws", "instance-life-cycle", None, None),
        ("gcp", "scheduling/preemptible", "FALSE", False),
        ("azure", "instance/compute", '{"vmSize": "x", "priority": "Regular"}', False),
        ("azure", "instance/compute", '{"vmSize": "x", "priority": ""}', None),
    ],
)
def test_whether_it_is_spot_is_told_where_the_cloud_does(
    kind: str, page: str, text: str | None, expected: object
) -> None:
    with metadata(kind) as service:
        del service.pages[page]
        if text is not None:
            service.pages[page] = text
        assert found(service.url).provider.is_spot is expected


def test_a_token_that_has_run_out_is_replaced() -> None:
    with metadata("aws") as service:
        cloud = found(service.url)
        service.tokens.append("another")
        service.pages[NOTICES["aws"][0]] = "{}"
        assert cloud.notice() == "AWS spot instance-action {}"
        assert len(service.tokens) == 3


def test_a_token_that_is_not_given_any_more_is_no_notice() -> None:
    with metadata("aws") as service:
        cloud = found(service.url)
        service.kind = "other"
        assert cloud.notice() is None


@pytest.mark.parametrize(
    "told", [events("Preempt", "another machine"), events("Freeze", MACHINE), "[]"]
)
def test_what_happens_to_others_or_harms_nobody_is_no_notice(told: str) -> None:
    with metadata("azure") as service:
        cloud = found(service.url)
        service.pages["scheduledevents"] = told
        assert cloud.notice() is None


@pytest.mark.parametrize(
    ("kind", "pages"),
    [
        ("other", {}),
        ("aws", {}),
        ("gcp", {"zone": "somewhere"}),
        ("azure", {"instance/compute": '{"name": "x"}'}),
    ],
)
def test_another_server_at_the_address_is_no_cloud(kind: str, pages: dict[str, str]) -> None:
    with metadata(kind) as service:
        service.pages = pages
        assert find_cloud(service.url) is None


def test_where_nothing_answers_that_is_told_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NoMetadataError, match="timed out"):
            find_cloud(address)
    with pytest.raises(NoMetadataError, match="refused"):
        find_cloud(address)
    with metadata("azure") as service:
        service.pages["instance/compute"] = "no JSON"
        with pytest.raises(NoMetadataError, match="instance/compute"):
            find_cloud(service.url)


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with metadata("gcp") as service:
        assert found(service.url).provider.name == "gcp"


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_an_agent_tells_its_cloud_and_gives_back_at_its_notice(
    hub: FakeHub, start: Start, kind: str
) -> None:
    with metadata(kind) as service:
        agent = await start(
            *("run", "--cloud-metadata", f"--cloud-metadata-url={service.url}"),
            *("--spot-notice-every-s=0.1", "--drain-s=3600", "--rate-per-hour=0.5"),
            **LONG,
        )
        talk = await hub.accepted()
        registration = await talk.welcome()
        while "provider" not in registration.capabilities.labels:
            registration = await talk.hear(RegisterWorker)
            await talk.say(WorkerRegistered(worker_id="w1", heartbeat_s=60, lease_s=90))
        expected, can_do = PROVIDERS[kind], registration.capabilities
        assert can_do.location.region == expected.region
        assert can_do.cost.rate_per_hour == 0.5
        assert can_do.labels == {
            "provider": kind, "instance_type": expected.instance_type, "spot": "true",
        }  # fmt: skip
        await talk.give("a", job_type="simulation")
        page, text = NOTICES[kind]
        service.pages[page] = text
        released = await talk.hear(ReleaseJob)
        assert (released.job_id, released.reason) == ("a", Reason.PREEMPTED)
        await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
        code, output = await end(agent)
    assert (code, "the machine is taken away" in output) == (7, True), output


async def test_a_cloud_that_does_not_answer_delays_nothing(hub: FakeHub, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        await start("run", "--cloud-metadata", f"--cloud-metadata-url=http://127.0.0.1:{port}")
        registration = await (await hub.accepted()).welcome()
    assert (registration.status, registration.capabilities.labels) == ("idle", {})


@pytest.mark.parametrize("environ", [{"RUNPOD_POD_ID": "x"}, {"WORKER_CLOUD_METADATA": "off"}])
async def test_where_it_is_not_ours_to_ask_nobody_asks(
    hub: FakeHub, start: Start, environ: dict[str, str]
) -> None:
    with metadata("aws") as service:
        asked = {"WORKER_CLOUD_METADATA": "on", "WORKER_CLOUD_METADATA_URL": service.url}
        agent = await start("run", "--exit-after-idle-s=0.5", **asked | environ)
        await hub.welcomed()
        assert (await end(agent))[0] == 0
        assert service.asked == []
