"""What a hub can be told, and how it refuses the rest."""

from pathlib import Path

import pytest
from attrs import fields

from hub.settings import HubSettings, limits
from shared.settings import read

SECRET = "a-secret-of-some-length"


def settings(*flags: str, **environ: str) -> HubSettings:
    return read(HubSettings, flags, environ, "emp-hub serve", "Run a hub.")


def test_a_hub_that_is_told_nothing_listens_on_loopback_with_its_own_store() -> None:
    plain = settings()
    assert plain == HubSettings()
    assert (plain.hub_host, plain.hub_port, plain.redis_url) == ("127.0.0.1", 3001, None)
    assert plain.hub_api_keys == plain.hub_worker_tokens == ()


def test_flags_and_variables_are_read() -> None:
    told = settings(
        "--hub-port=0", HUB_PORT="9", HUB_DATA_DIR="elsewhere", HUB_API_KEYS="one, two,",
        HUB_LEASE_S="2.5", LOG_FORMAT="json",
    )  # fmt: skip
    assert (told.hub_port, told.hub_data_dir, told.hub_lease_s) == (0, Path("elsewhere"), 2.5)
    assert (told.hub_api_keys, told.log_format) == (("one", "two"), "json")


def test_the_original_name_of_the_tokens_works_behind_ours() -> None:
    assert settings(WS_AUTH_TOKEN="old").ws_auth_tokens == ("old",)
    both = settings(WS_AUTH_TOKEN="old", HUB_WORKER_TOKENS="new")
    assert both.hub_worker_tokens == ("new",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "65536"),
        ("HUB_PORT", "-1"),
        ("HUB_PORT", "http"),
        ("HUB_LEASE_S", "0"),
        ("HUB_LEASE_S", "nan"),
        ("HUB_HEARTBEAT_S", "-1"),
        ("HUB_GRACE_S", "soon"),
        ("HUB_MAX_LOSSES", "-1"),
        ("HUB_RETRY_FIRST_S", "-0.5"),
        ("HUB_MAX_BODY_MB", "0"),
        ("DEFAULT_JOB_PRIORITY", "1.5"),
        ("DEFAULT_JOB_PRIORITY", "1000001"),
        ("COMPLETED_JOB_TTL_HOURS", "-1"),
        ("FAILED_JOB_TTL_DAYS", "-1"),
        ("HUB_WORKER_TTL_HOURS", "-1"),
        ("HUB_INPUT_NETWORKS", "10.0.0.0/33"),
        ("HUB_INPUT_MAX_MB", "0"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_out_of_range_ends_the_program_with_its_name(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        settings(**{name: value})
    assert end.value.code == 2
    assert name in capsys.readouterr().err


def test_secrets_are_never_shown() -> None:
    told = settings(
        REDIS_URL=f"redis://:{SECRET}@localhost", HUB_API_KEYS=SECRET, HUB_WORKER_TOKENS=SECRET
    )
    assert SECRET not in repr(told)


def test_an_address_that_is_none_is_refused_without_showing_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        settings(REDIS_URL=f"redis+sentinel://:{SECRET}@localhost")
    said = capsys.readouterr().err
    assert (end.value.code, SECRET in said) == (2, False)
    assert "--redis-url (REDIS_URL)" in said
    for form in ("redis://", "rediss://", "unix://", "redis+sentinel://"):
        assert form in said


def test_every_setting_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings("--help")
    told = " ".join(capsys.readouterr().out.split())
    for each in fields(HubSettings):
        assert "--" + each.name.replace("_", "-") in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20", {"*": 20}),
        ("comfyui=2, *=100", {"comfyui": 2, "*": 100}),
        ("a=b=0", {"a=b": 0}),
    ],
)
def test_limits_are_for_each_or_by_name(text: str, expected: dict[str, int]) -> None:
    assert limits(text) == expected


@pytest.mark.parametrize("text", ["many", "a=", "a=-1", "a=1,a=2", "a=1,,b=2", "1.5"])
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        limits(text)


def test_limits_have_the_names_of_the_store() -> None:
    settings = HubSettings(
        hub_max_waiting_by_type={"*": 1}, hub_max_waiting_by_customer={"c": 2},
        hub_max_running_by_type={"t": 3}, hub_max_running_by_customer={"*": 4},
    )  # fmt: skip
    assert settings.limits == {
        "waiting:type:*": 1,
        "waiting:customer:c": 2,
        "running:type:t": 3,
        "running:customer:*": 4,
    }
