"""How many jobs of a type or of a customer may wait and run."""

from collections.abc import Mapping

from attrs import frozen

from hub.store.client import Client


@frozen
class Limits:
    """Limits by their field: `(waiting|running):(type|customer):name`.

    The name `*` stands for all that have no limit of their own. All hubs of a queue share them; the
    one that was started last has set them.
    """

    client: Client

    async def limit(self, limits: Mapping[str, int]) -> bool:
        """Let these be the limits, and no others; whether they were not before."""
        pairs = [part for pair in limits.items() for part in pair]
        return (await self.client.script("limit", *pairs))[0] == "limited"
