"""Whether anybody who is connected could ever run a job."""

from attrs import define, field

from hub.explain.verdicts import nearest_fix
from hub.store.presence import Presence
from shared.matching import Requirement, satisfies, unmet
from shared.words import told

REASONS = 5
"""The most reasons that are told."""
MEMORY = 10_000
"""For how many requirements the answer is remembered."""


@define
class Servability:
    """Answers by requirement, remembered until a class of workers comes or goes."""

    presence: Presence
    _version: str = field(default="", init=False)
    _reasons: dict[Requirement, tuple[str, ...]] = field(factory=dict, init=False)

    async def reasons(
        self, requirement: Requirement, version: str | None = None
    ) -> tuple[str, ...]:
        """Why nobody could, the nearest fix first; empty when somebody could.

        `version` of the classes is what the caller has just read; without it, it is asked for.
        """
        version = version or await self.presence.version()
        if version != self._version or len(self._reasons) >= MEMORY:
            self._version, self._reasons = version, {}
        remembered = self._reasons
        if requirement not in remembered:
            remembered[requirement] = await self._judged(requirement, version)
        return remembered[requirement]

    async def _judged(self, requirement: Requirement, version: str) -> tuple[str, ...]:
        classes = await self.presence.classes(version)
        if any(satisfies(capability, requirement) for capability in classes.values()):
            return ()
        fleet = await self.presence.muster()
        lacks = [next(unmet(each, requirement), None) for each in fleet.classes.values()]
        if None in lacks:  # somebody came meanwhile
            return ()
        words = dict.fromkeys(told(each) for each in lacks if each is not None)
        return (nearest_fix(fleet, requirement), *list(words)[: REASONS - 1])
