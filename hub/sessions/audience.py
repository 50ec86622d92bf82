"""Who listens at this hub: its clients and monitors, and what all monitors are told."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import quote, unquote

from attrs import define, evolve, field

from hub.store.client import Client
from hub.store.news import publish
from shared.messages import ConnectorWsStatus, Message, ServiceRequest
from shared.wire import decode, encode

LARGEST_RELAYED = 16 * 1024
"""Characters of the largest message that is relayed whole; of a larger one the contents are left out."""

Say = Callable[[Message], None]


@define
class Audience:
    """The listeners of this hub, and through Redis those of the others."""

    client: Client
    _present: dict[str, dict[str, set[Say]]] = field(
        factory=lambda: {"client": {}, "monitor": {}}, init=False
    )

    @contextmanager
    def present(self, kind: str, peer_id: str, say: Say) -> Generator[None]:
        """`peer_id` listens here, as a `client` or a `monitor`."""
        listeners = self._present[kind].setdefault(peer_id, set())
        listeners.add(say)
        try:
            yield
        finally:
            listeners.discard(say)
            if not listeners and self._present[kind].get(peer_id) is listeners:
                del self._present[kind][peer_id]

    def ids(self, kind: str) -> list[str]:
        """Who is here."""
        return sorted(self._present[kind])

    async def tell(self, message: ServiceRequest | ConnectorWsStatus) -> None:
        """Relay what a worker says to the monitors of every hub."""
        text = encode(message)
        if len(text) > LARGEST_RELAYED:
            text = encode(_bare(message))
        await publish(self.client, f"relay {quote(text)}")

    def hear(self, quoted: str) -> None:
        """A hub relays something: the monitors here are told."""
        message = decode(unquote(quoted))
        for listeners in self._present["monitor"].values():
            for say in listeners:
                say(message)


def _bare(message: ServiceRequest | ConnectorWsStatus) -> Message:
    if isinstance(message, ServiceRequest):
        return evolve(message, payload=None, content=None)
    return evolve(message, details=None)
