"""Which workers are connected now, by classes of equal capability."""

from asyncio import gather

from attrs import define, field, frozen

from hub.store.client import Client
from hub.store.keys import key
from shared.matching import Capability
from shared.wire import load_json, structure

WIDTH = 4
"""Values that the script tells of each worker."""


@frozen
class Present:
    """A connected worker. `held` are the leases it has."""

    worker_id: str
    class_: str
    slots: int
    held: int

    @property
    def room(self) -> int:
        """How many more jobs it may have."""
        return max(0, self.slots - self.held)


@frozen
class Fleet:
    """The connected workers, and what each class of them can do."""

    workers: list[Present]
    classes: dict[str, Capability]


@define
class Presence:
    """Reads of who is connected. Capabilities are remembered as long as no class comes or goes."""

    client: Client
    _version: str = field(default="", init=False)
    _classes: dict[str, Capability] = field(factory=dict, init=False)

    async def muster(self) -> Fleet:
        """All connected workers."""
        version, *told = await self.client.script("muster")
        starts = range(0, len(told), WIDTH)
        present = [
            Present(worker_id, class_, int(slots), held)
            for worker_id, class_, slots, held in (told[each : each + WIDTH] for each in starts)
        ]
        classes = await self.classes(version)
        # One whose class is not there has left between the two looks.
        return Fleet([each for each in present if each.class_ in classes], classes)

    async def version(self) -> str:
        """How often a class of connected workers has come or gone."""
        return await self.client.command("GET", key("class_version")) or "0"

    async def classes(self, version: str) -> dict[str, Capability]:
        """The classes of connected workers; those that are remembered, if of this version."""
        if version != self._version:
            newest, texts = await gather(
                self.version(),
                self.client.command("HGETALL", key("classes")),
            )
            self._classes = {class_: self._capability(class_, texts[class_]) for class_ in texts}
            self._version = newest
        return self._classes

    def _capability(self, class_: str, text: str) -> Capability:
        known = self._classes.get(class_)
        return structure(load_json(text), Capability) if known is None else known
