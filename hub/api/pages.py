"""Lists by pages."""

from typing import Annotated, Any

from litestar.params import QueryParameter

Page = Annotated[int, QueryParameter(ge=1, le=1_000_000)]
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


def place_of(page: int, page_size: int) -> int:
    """How many come before a page."""
    return (page - 1) * page_size


def about(page: int, page_size: int, total: int) -> dict[str, Any]:
    """What an answer says of a page of `total`."""
    return {
        "total_count": total,
        "page": page,
        "page_size": page_size,
        "has_more": page * page_size < total,
    }
