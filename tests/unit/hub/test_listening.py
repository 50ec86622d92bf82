"""Where other hubs find this one."""

import socket
from pathlib import Path

import pytest

from hub.listening import listen, reachable_at
from hub.settings import HubSettings

REMOTE = "redis://192.0.2.1:6379"


def at(host: str, **settings: str) -> str | None:
    """The address of a hub that listens on `host`, with its port left out."""
    with listen(host, 0) as listening:
        port = listening.getsockname()[1]
        found = reachable_at(HubSettings(hub_host=host, **settings), listening)  # pyright: ignore[reportArgumentType] - texts
    return None if found is None else found.removesuffix(f":{port}")


def test_what_is_set_is_believed() -> None:
    assert at("127.0.0.1", hub_peer_url="https://hub-a.example/") == "https://hub-a.example"


def test_nobody_else_has_the_store_that_a_hub_runs_for_itself() -> None:
    assert at("127.0.0.1") is None


@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:6379/0", "redis://localhost", "unix:///run/redis.sock",
        "redis+sentinel://user:word@127.0.0.1:26379,192.0.2.1/main",
    ],
)  # fmt: skip
def test_on_one_machine_hubs_find_each_other_on_loopback(address: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - for a moment
        assert at(host, redis_url=address) in {"http://127.0.0.1", "http://[::1]"}
    assert at("::1", redis_url=address) == "http://[::1]"


def test_elsewhere_a_hub_is_found_where_it_speaks_to_redis_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def towards(_: str) -> str:
        return "198.51.100.7"

    monkeypatch.setattr("hub.listening._address_towards", towards)
    assert at("0.0.0.0", redis_url=REMOTE) == "http://198.51.100.7"  # noqa: S104 - for a moment
    assert at("127.0.0.1", redis_url=REMOTE) is None  # nobody else reaches loopback


def test_a_redis_without_an_address_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert at("127.0.0.1", redis_url="redis://redis.invalid") == "http://127.0.0.1"


def test_the_address_is_no_more_than_an_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hub_peer_url"):
        HubSettings(hub_data_dir=tmp_path, hub_peer_url="http://user@hub")
