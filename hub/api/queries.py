"""Parameters in the query: those that the route has, and no others."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.params import QueryParameter

from shared.fields import FieldError

KEYS = ("token", "auth")
"""A key in the query, as workers of the original show it; at every door."""


def check_query(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Raises `FieldError` for what is misspelled: ignored, a filter would let everything through."""
    if not connection.scope["query_string"]:
        return
    known = _parameters(connection.route_handler)
    for name in connection.query_params:
        if name not in known and name not in KEYS:
            accepted = ", ".join(known) or "nothing in the query"
            raise FieldError(name, "is no parameter of this route", accepted)


def _parameters(handler: Any) -> list[str]:
    declared = handler.parsed_fn_signature.parameters.values()
    queried = ((each.kwarg_definition, each.name) for each in declared)
    return [how.name or name for how, name in queried if isinstance(how, QueryParameter)]
