"""Settings of pages in browsers: which may come in."""

import re

from attrs import frozen

from shared.settings import setting

_ORIGIN = re.compile(r"https?://[^/\s,]+")


def origins(text: str) -> tuple[str, ...]:
    """`https://status.example.com` and the like by comma, or `*`. Raises `ValueError`."""
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if not all(each == "*" or _ORIGIN.fullmatch(each) for each in found):
        raise ValueError("origins such as https://status.example.com are needed, by comma, or *")
    return found


@frozen(kw_only=True, slots=False)  # a base of the hub's settings
class PageOptions:
    """Whose pages the hub answers, besides its own."""

    enable_cors: bool = setting(
        "ENABLE_CORS", True, "whether pages of other sites may come in, those of CORS_ORIGINS"
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS", (),
        "whose pages, such as https://status.example.com, by comma; * for all, with HUB_API_KEYS only",
        parse=origins,
    )  # fmt: skip

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of pages that may come in."""
        return self.cors_origins if self.enable_cors else ()
