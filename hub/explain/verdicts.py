"""What each connected worker is to a job: able and free, able and busy, or unable."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from attrs import field, frozen

from hub.store.presence import Fleet, Present
from shared.matching import Capability, Requirement, Unmet, unmet
from shared.words import has, told, told_of_all


@frozen(kw_only=True)
class Verdict:
    """One worker. An unable one has the first requirement that it does not meet, and both values."""

    worker_id: str
    verdict: str  # free, choosy, kept, limited, busy or unable
    words: str
    field: str | None = None
    needs: str | None = None
    has: str | None = None
    free_in_s: float | None = None  # of a busy one, when it can be told


@frozen
class Verdicts:
    """All of them, for one requirement."""

    fleet: Fleet
    lacks: dict[str, Unmet | None]  # by class, the first thing that is missing
    held: dict[str, tuple[str, str]] = field(factory=dict)  # by able worker: what holds it

    @classmethod
    def of(cls, fleet: Fleet, requirement: Requirement) -> "Verdicts":
        """Each class is matched once, however many workers it has."""
        lacks = {
            class_: next(unmet(capability, requirement), None)
            for class_, capability in fleet.classes.items()
        }
        return cls(fleet, lacks)

    @property
    def able_classes(self) -> dict[str, Capability]:
        """The classes that can do it."""
        return {
            class_: capability
            for class_, capability in self.fleet.classes.items()
            if self.lacks[class_] is None
        }

    @property
    def free(self) -> list[Present]:
        """The able workers that have room, and whose next job it is, or one before it."""
        return [each for each in self._able() if each.room and each.worker_id not in self.held]

    @property
    def busy(self) -> list[Present]:
        """The able workers that have none."""
        return [each for each in self._able() if not each.room and each.worker_id not in self.held]

    @property
    def able(self) -> frozenset[str]:
        """The ids of all able workers."""
        return frozenset(each.worker_id for each in self._able())

    def told(self, free_in_s: dict[str, float]) -> list[Verdict]:
        """Every worker, those that could do it first. `free_in_s` tells what is known of the busy."""
        rows = [self._told(each, free_in_s.get(each.worker_id)) for each in self.fleet.workers]
        return sorted(rows, key=lambda row: _ORDER.index(row.verdict))

    def _able(self) -> Iterator[Present]:
        return (each for each in self.fleet.workers if self.lacks[each.class_] is None)

    def _told(self, worker: Present, free_in_s: float | None) -> Verdict:
        missing = self.lacks[worker.class_]
        if missing is not None:
            return Verdict(
                worker_id=worker.worker_id, verdict="unable", words=told(missing),
                field=missing.field, needs=missing.needs, has=has(missing),
            )  # fmt: skip
        if worker.worker_id in self.held:
            verdict, words = self.held[worker.worker_id]
            return Verdict(worker_id=worker.worker_id, verdict=verdict, words=words)
        if worker.room:
            words = f"fits, and has room for {worker.room}"
            return Verdict(worker_id=worker.worker_id, verdict="free", words=words)
        soon = "" if free_in_s is None else f"; free in about {free_in_s:.0f} s"
        return Verdict(
            worker_id=worker.worker_id, verdict="busy", free_in_s=free_in_s,
            words=f"fits, but runs {worker.held} of at most {worker.slots}{soon}",
        )  # fmt: skip


def nearest_fix(fleet: Fleet, requirement: Requirement) -> str:
    """What the workers that lack the fewest things lack. Nobody among them is able."""
    if not fleet.workers:
        return f"no worker is connected; start one that offers {requirement.service_type}"
    sizes = Counter(each.class_ for each in fleet.workers)
    alike: defaultdict[tuple[str, ...], dict[str, list[Unmet]]] = defaultdict(dict)
    for class_, capability in fleet.classes.items():
        missing = list(unmet(capability, requirement))
        alike[tuple(each.field for each in missing)][class_] = missing
    classes = alike[min(alike, key=lambda fields: (len(fields), -_size(alike[fields], sizes)))]
    by_field = zip(*classes.values(), strict=True)
    return ", and ".join(told_of_all(each, _size(classes, sizes)) for each in by_field)


def _size(classes: dict[str, list[Unmet]], sizes: Counter[str]) -> int:
    return sum(sizes[class_] for class_ in classes)


_ORDER = ("free", "choosy", "kept", "limited", "busy", "unable")
