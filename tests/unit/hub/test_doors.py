"""Who is let in, and where a hub may listen without keys."""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from hub.doors import Doors, DoorsError, Role, doors, is_loopback
from hub.settings import HubSettings

KEY = "a key of clients"
TOKEN = "a token of workers"


def digest_form(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_only_this_machine_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example"])  # noqa: S104 - nothing listens
def test_any_other_address_may_be_reached_by_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("role", Role)
def test_on_loopback_a_hub_without_keys_is_open(role: Role) -> None:
    assert doors(HubSettings()).admit(role, None)


@pytest.mark.parametrize("keys", [{}, {"hub_worker_tokens": (TOKEN,)}], ids=str)
def test_on_other_addresses_a_hub_without_keys_of_clients_does_not_start(
    keys: dict[str, Any],
) -> None:
    with pytest.raises(DoorsError, match=r"set HUB_API_KEYS .* 127\.0\.0\.1"):
        doors(HubSettings(hub_host="0.0.0.0", **keys))  # noqa: S104 - nothing listens


def test_there_without_worker_tokens_no_token_opens_the_door_of_workers() -> None:
    closed = doors(HubSettings(hub_host="0.0.0.0", hub_api_keys=(KEY,)))  # noqa: S104 - nothing listens
    assert not any(closed.admit(Role.WORKER, key) for key in (None, "", KEY, TOKEN))


def test_a_second_port_counts_as_well() -> None:
    with pytest.raises(DoorsError, match=r"WS_HOST 0\.0\.0\.0 can be reached"):
        doors(HubSettings(ws_host="0.0.0.0"))  # noqa: S104 - nothing listens


def test_each_key_opens_the_door_of_its_role_alone() -> None:
    both = doors(
        HubSettings(hub_host="::", hub_api_keys=(KEY, KEY * 2), hub_worker_tokens=(TOKEN,))
    )
    admitted = {
        (role, key)
        for role in Role
        for key in (KEY, KEY * 2, TOKEN, KEY + " ", "", None)
        if both.admit(role, key)
    }
    assert admitted == {(Role.CLIENT, KEY), (Role.CLIENT, KEY * 2), (Role.WORKER, TOKEN)}


def test_a_role_with_keys_is_closed_on_loopback_too_and_the_other_stays_open() -> None:
    half = doors(HubSettings(hub_api_keys=(KEY,)))
    assert not half.admit(Role.CLIENT, None)
    assert half.admit(Role.WORKER, None)


def test_a_key_may_be_given_as_its_digest() -> None:
    closed = doors(HubSettings(hub_api_keys=(digest_form(KEY),)))
    assert closed.admit(Role.CLIENT, KEY)
    assert not closed.admit(Role.CLIENT, digest_form(KEY))


def test_keys_are_kept_as_digests_only() -> None:
    closed = doors(HubSettings(hub_api_keys=(KEY,), hub_worker_tokens=(TOKEN,)))
    assert KEY not in repr(closed)
    assert TOKEN not in repr(closed)


def test_files_hold_one_key_a_line_with_comments_and_blanks(tmp_path: Path) -> None:
    clients, workers = tmp_path / "clients", tmp_path / "workers"
    clients.write_text(f"# of the studio\n\n  {KEY}  \n{digest_form(KEY * 2)}\n")
    workers.write_text(f"{TOKEN}\n")
    both = doors(HubSettings(hub_api_keys_file=clients, hub_worker_tokens_file=workers))
    assert both.admit(Role.CLIENT, KEY)
    assert both.admit(Role.CLIENT, KEY * 2)
    assert both.admit(Role.WORKER, TOKEN)
    assert not both.admit(Role.CLIENT, "# of the studio")


def test_a_file_adds_to_the_keys_that_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY)
    both = doors(HubSettings(hub_api_keys=(KEY * 2,), hub_api_keys_file=file))
    assert both.admit(Role.CLIENT, KEY)
    assert both.admit(Role.CLIENT, KEY * 2)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DoorsError, match=r"HUB_API_KEYS_FILE: .*nowhere"):
        doors(HubSettings(hub_api_keys_file=tmp_path / "nowhere"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(DoorsError, match="HUB_WORKER_TOKENS_FILE: "):
        doors(HubSettings(hub_worker_tokens_file=tmp_path / "binary"))


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(DoorsError, match="HUB_API_KEYS: a key has at least 16") as refused:
        doors(HubSettings(hub_api_keys=("tooshort",)))
    assert "tooshort" not in str(refused.value)
    assert doors(HubSettings(hub_api_keys=("x" * 16,))).admit(Role.CLIENT, "x" * 16)


@pytest.mark.parametrize("text", ["", "xyz", "ab" * 31, "ab" * 33, "zz" * 32])
def test_a_digest_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DoorsError, match="HUB_WORKER_TOKENS: sha256: is followed by 64"):
        doors(HubSettings(hub_worker_tokens=(f"sha256:{text}",)))


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, known: bytes) -> bool:
        compared.append((given, known))
        return given == known

    monkeypatch.setattr(hmac, "compare_digest", compare)
    first, second = (hashlib.sha256(key).digest() for key in (b"1", b"2"))
    closed = Doors({Role.CLIENT: frozenset({first, second})}, is_open=False)
    assert closed.admit(Role.CLIENT, "1")
    assert {known for _, known in compared} == {first, second}
    assert not closed.admit(Role.CLIENT, None)
    assert len(compared) == 4


PAGE = "https://status.example.com"


@pytest.mark.parametrize(
    ("settings", "is_let_in"),
    [
        ({}, False),
        ({"cors_origins": (PAGE,)}, True),
        ({"cors_origins": (PAGE,), "enable_cors": False}, False),
        ({"cors_origins": ("http://status.example.com",)}, False),
        ({"cors_origins": ("*",), "hub_api_keys": (KEY,)}, True),
    ],
    ids=str,
)
def test_a_page_of_another_site_comes_in_where_it_is_named(
    settings: dict[str, Any], *, is_let_in: bool
) -> None:
    assert doors(HubSettings(**settings)).admit_page(PAGE) is is_let_in


def test_every_page_comes_in_only_where_there_are_keys() -> None:
    with pytest.raises(DoorsError, match=r"CORS_ORIGINS \*: .* set HUB_API_KEYS, or name"):
        doors(HubSettings(cors_origins=("*",)))


def test_the_token_of_the_original_opens_every_web_socket_and_what_workers_ask_for() -> None:
    old = doors(HubSettings(hub_host="::", hub_api_keys=(KEY,), ws_auth_tokens=(TOKEN,)))
    assert all(old.admit_socket(role, TOKEN) for role in Role)
    assert [role for role in Role if old.admit(role, TOKEN)] == [Role.WORKER]
    assert [role for role in Role if old.admit_socket(role, KEY)] == [Role.CLIENT]
    assert all(old.has_socket_keys(role) for role in Role)


def test_where_there_is_such_a_token_no_web_socket_is_open_on_loopback_either() -> None:
    old = doors(HubSettings(ws_auth_tokens=(TOKEN,)))
    assert not any(old.admit_socket(role, None) for role in Role)
    assert old.admit(Role.CLIENT, None)
    assert not any(doors(HubSettings()).has_socket_keys(role) for role in Role)


def test_a_short_token_of_the_original_is_refused_by_its_name() -> None:
    with pytest.raises(DoorsError, match="WS_AUTH_TOKEN: a key has at least 16"):
        doors(HubSettings(ws_auth_tokens=("tooshort",)))
