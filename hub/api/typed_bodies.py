"""Bodies as the types that their routes take, and nothing that only looks like them.

Litestar decodes a body first and converts it then, which takes the text "5" for the number 5.
"""

import re
from functools import cache
from typing import Any

from litestar import Request
from litestar.exceptions import SerializationException, ValidationException
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

_PLACED = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
"""What msgspec says of a value, and the path to it."""


class TypedRequest(Request[Any, Any, Any]):
    """A request whose JSON is what the `data` of its route is declared to be."""

    async def json(self) -> Any:
        """The body, of the declared type. Raises `ValidationException` or `SerializationException`."""
        declared = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        try:
            return _decoder(declared).decode(await self.body())
        except ValidationError as problem:
            placed = _PLACED.fullmatch(str(problem))
            said, where = placed.groups() if placed else (str(problem), "")
            fault = {"message": said, "key": where, "source": "body"}
            raise ValidationException(extra=[fault]) from problem
        except DecodeError as problem:
            raise SerializationException(str(problem)) from problem


@cache
def _decoder(declared: Any) -> Decoder[Any]:
    return Decoder(declared)
