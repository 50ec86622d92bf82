"""What REDIS_URL may say."""

import pytest

from hub.redis_url import SentinelUrl, checked, sentinel_url

SECRET = "p@ss/word"
QUOTED = "p%40ss%2Fword"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6380/2",
        "redis://:secret@[::1]:6380",
        "rediss://user:secret@redis.example.com?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/valkey.sock?db=1",
        "unix://run/valkey.sock",
        "redis+sentinel://one/emp",
        "redis+sentinel://user:secret@one:1,two,[::1]:3/emp/2?sentinel_password=x",
    ],
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://localhost",
        "redis://localhost:port",
        "redis://localhost:0",
        "redis://localhost:70000",
        "redis://localhost/first",
        "redis://localhost?retry=1",
        "redis://localhost?db",
        "redis://localhost#0",
        "unix://",
        "redis+sentinel://one",
        "redis+sentinel://one/",
        "redis+sentinel:///emp",
        "redis+sentinel://one,,two/emp",
        "redis+sentinel://one:port/emp",
        "redis+sentinel://one:0/emp",
        "redis+sentinel://[::1/emp",
        "redis+sentinel://one/emp/first",
        "redis+sentinel://one/emp?db=1",
    ],
)
def test_anything_else_is_refused_by_naming_the_forms(url: str) -> None:
    with pytest.raises(ValueError, match=r"^not one of redis://.*rediss://.*unix://.*sentinel://"):
        checked(url)


def test_one_server_needs_no_sentinel() -> None:
    assert sentinel_url("redis://localhost") is None


def test_sentinels_are_named_with_what_they_watch() -> None:
    assert sentinel_url("redis+sentinel://one,two:2,[::1]:3/emp") == SentinelUrl(
        (("one", 26379), ("two", 2), ("::1", 3)), "emp"
    )


def test_secrets_are_unquoted_and_not_shown() -> None:
    url = sentinel_url(
        f"redis+sentinel://hub:{QUOTED}@one/emp/7?sentinel_username=s&sentinel_password={QUOTED}"
    )
    assert url == SentinelUrl((("one", 26379),), "emp", 7, "hub", SECRET, "s", SECRET)
    assert SECRET not in repr(url)
