"""Credentials as headers of a request."""

from base64 import b64encode


def basic(username: str | None, password: str | None) -> dict[str, str]:
    """Return the headers of HTTP Basic; none without a user name."""
    if username is None:
        return {}
    token = b64encode(f"{username}:{password or ''}".encode()).decode()
    return {"Authorization": f"Basic {token}"}
