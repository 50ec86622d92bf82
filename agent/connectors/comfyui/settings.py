"""Where a ComfyUI is and how patient to be with it."""

from attrs import field, frozen, validators

from agent.connectors.credentials import basic


def _bare(url: str) -> str:
    return url.rstrip("/")


def _is_http(_settings: object, _attribute: object, url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"url must start with http:// or https://, got {url!r}")


@frozen(kw_only=True)
class ComfyUISettings:
    """How to reach and use one ComfyUI. `username` and `password` are for a proxy before it."""

    url: str = field(default="http://127.0.0.1:8188", converter=_bare, validator=_is_http)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = field(default=300.0, validator=validators.gt(0))  # for one HTTP answer
    workflow_timeout_s: float = field(default=600.0, validator=validators.gt(0))
    max_concurrent_jobs: int = field(default=1, validator=validators.ge(1))
    poll_interval_s: float = field(default=2.0, validator=validators.gt(0))
    grace_s: float = field(default=15.0, validator=validators.gt(0))

    def socket_url(self, client_id: str) -> str:
        """Return the address of the event socket of one client."""
        return f"ws{self.url.removeprefix('http')}/ws?clientId={client_id}"

    def headers(self) -> dict[str, str]:
        """Return the headers of every request, upgrades to a socket among them."""
        return basic(self.username, self.password)
