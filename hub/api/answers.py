"""Answers as JSON."""

from typing import Any

from litestar import Response
from litestar.serialization import default_serializer
from litestar.types import Serializer

from shared.wire import dump_json


class JsonAnswer(Response[Any]):
    """A document as the wire writes it: half a character that a worker sent passes as it came."""

    def render(
        self, content: Any, media_type: str, enc_hook: Serializer = default_serializer
    ) -> bytes:
        """The bytes of the answer."""
        if isinstance(content, dict):
            return dump_json(content).encode()
        return super().render(content, media_type, enc_hook)
