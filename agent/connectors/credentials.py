"""Credentials as headers of a request."""

from base64 import b64encode

from attrs import field, frozen


def basic(username: str | None, password: str | None) -> dict[str, str]:
    """Return the headers of HTTP Basic; none without a user name."""
    if username is None:
        return {}
    token = b64encode(f"{username}:{password or ''}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


@frozen(kw_only=True)
class Credentials:
    """Who comes. Without a `kind`, a user name means basic and a key alone a bearer token."""

    kind: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    api_key_header: str = "X-API-Key"

    def headers(self) -> dict[str, str]:
        """Return the headers that say it. Raises `ValueError` when something is not given."""
        match self.kind or self._guessed():
            case "basic":
                return basic(self._given("username", self.username), self.password)
            case "bearer":
                return {"Authorization": f"Bearer {self._given('api_key', self.api_key)}"}
            case "api_key":
                return {self.api_key_header: self._given("api_key", self.api_key)}
            case _:
                return {}

    def _guessed(self) -> str:
        if self.username is not None:
            return "basic"
        return "bearer" if self.api_key is not None else "none"

    def _given(self, name: str, value: str | None) -> str:
        if value is None:
            raise ValueError(f"auth {self.kind} needs {name}; set it as well")
        return value
