"""uvicorn's protocols, with an end for peers that are silent or do not read."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.gathering import gathered

HEADER_S = 10.0
"""How long the head of a request may take; uvicorn itself would wait for ever."""
LINGER_S = 5.0
"""How long a peer may take to read what was sent before the close."""


class HttpWithDeadline(HttpToolsProtocol):
    """Cuts a peer off that does not say what it wants. A head in one piece costs no timer."""

    _is_due = True  # the head of a request
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The head of the first request is due."""
        super().connection_made(gathered(transport, self.loop.call_soon))
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a head: the rest of it is due."""
        super().data_received(data)
        if self._is_due:
            self._start()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._is_due = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._is_due = False
        self._stop()
        super().on_headers_complete()

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_S, self.transport.abort)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebSocketWithEnd(WebSocketsSansIOProtocol):
    """Ends whether or not the peer reads: uvicorn's close waits until it does."""

    async def send(self, message: Any) -> None:
        """Send; a close goes behind what waits, without waiting itself."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
            self.loop.call_later(LINGER_S, self.transport.abort)
        await super().send(message)

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping."""
        super().keepalive_timeout()
        self.loop.call_later(LINGER_S, self.transport.abort)
