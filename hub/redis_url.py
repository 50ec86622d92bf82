"""What `REDIS_URL` may say: one server, or the Sentinels that know which server is the master."""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import field, frozen

FORMS = (
    "redis://[user:password@]host[:port][/db], rediss:// likewise with TLS, unix:///path, or"
    " redis+sentinel://[user:password@]host[:port],host[:port],.../service[/db], to which"
    " ?sentinel_username=...&sentinel_password=... may be added"
)
SENTINEL = "redis+sentinel"
SENTINEL_PORT = 26379
_QUERIES = {
    SENTINEL: {"sentinel_username", "sentinel_password"},
    "redis": {"db", "client_name"},
    "unix": {"db", "client_name", "username", "password"},
    "rediss": {
        "db", "client_name", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs",
        "ssl_check_hostname",
    },
}  # fmt: skip


@frozen
class SentinelUrl:
    """A master by the name that the Sentinels have for it. Secrets are not shown."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


def checked(text: str) -> str:
    """The URL as it is, if it has one of the forms. Raises `ValueError`, which shows no part of it."""
    try:
        is_known = _is_known(urlsplit(text))
    except ValueError:
        is_known = False
    if not is_known:
        raise ValueError(f"not one of {FORMS}")
    return text


def sentinel_url(text: str) -> SentinelUrl | None:
    """What a URL with Sentinels says; None for one server. Raises `ValueError`."""
    url = urlsplit(text)
    if url.scheme != SENTINEL:
        return None
    secret, _, hosts = url.netloc.rpartition("@")
    username, _, password = secret.partition(":")
    service, _, db = url.path.removeprefix("/").partition("/")
    if not service:
        raise ValueError("no service is named")
    return SentinelUrl(
        sentinels=tuple(_host(each) for each in hosts.split(",")),
        service=unquote(service),
        db=int(db or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        **dict(_query(url)),
    )


def _is_known(url: SplitResult) -> bool:
    if url.scheme not in _QUERIES or url.fragment or not _asks_what_is_known(url):
        return False
    if url.scheme == SENTINEL:
        return sentinel_url(url.geturl()) is not None
    if url.scheme == "unix":
        return bool(url.path.strip("/"))
    db = url.path.strip("/")
    return url.port != 0 and (not db or db.isdecimal())


def _asks_what_is_known(url: SplitResult) -> bool:
    return dict(_query(url)).keys() <= _QUERIES[url.scheme]


def _host(text: str) -> tuple[str, int]:
    place = urlsplit(f"//{text}")
    if not place.hostname or place.port == 0:
        raise ValueError("a host is needed")
    return place.hostname, place.port or SENTINEL_PORT


def _query(url: SplitResult) -> list[tuple[str, str]]:
    return parse_qsl(url.query, strict_parsing=True) if url.query else []
