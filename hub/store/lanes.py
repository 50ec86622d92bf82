"""Lanes: the waiting jobs with equal requirements, and which workers can serve them."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar, cast

from attrs import define, field, frozen

from hub.store.client import Client
from hub.store.keys import key
from shared.jobs import JobSpec
from shared.matching import Capability, Requirement, satisfies
from shared.wire import load_json, structure, unstructure

T = TypeVar("T")

CHUNK = 500
"""How many lanes are matched before others get a turn."""


def canonical(facts: Requirement | Capability) -> str:
    """The same text for equal facts, in whatever order lists were given, 24 or 24.0."""
    return _text(_plain(unstructure(facts)))


def digest(text: str) -> str:
    """A short name for a canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@frozen
class Lane:
    """The name of a lane, and what its jobs need as canonical text."""

    id: str
    requirement: str


def lane_of(spec: JobSpec) -> Lane:
    """The lane in which the job waits: with all that need the same and have the same limits."""
    return _lane(spec.requirement, spec.type, spec.customer_id)


@lru_cache(maxsize=4096)
def _lane(requirement: Requirement, type_: str, customer: str | None) -> Lane:
    text = canonical(requirement)
    if (type_, customer) == (requirement.service_type, requirement.customer_id):
        return Lane(digest(text), text)
    return Lane(digest(json.dumps([text, type_, customer])), text)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return sorted(map(_plain, cast("list[Any]", value)), key=_text)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


class StaleClassError(Exception):
    """Lanes were added since a class was last classified, on which the answer depends."""

    def __init__(self, version: str, class_: str) -> None:
        super().__init__(version, class_)
        self.version = version
        self.class_ = class_


@define
class Lanes:
    """Matches classes of workers (equal capabilities) with lanes, and remembers the answers."""

    client: Client
    _requirements: dict[str, Requirement] = field(factory=dict, init=False)
    _answers: dict[tuple[str, str], bool] = field(factory=dict, init=False)

    async def can_serve(self, class_: str, capability: Capability, lane: str) -> bool:
        """Whether workers of this class can run the jobs of `lane`."""
        requirement = await self.requirement(lane)
        return requirement is not None and self.suits(class_, capability, lane, requirement)

    def suits(
        self, class_: str, capability: Capability, lane: str, requirement: Requirement
    ) -> bool:
        """Whether workers of this class can run the jobs of `lane`, which need `requirement`."""
        known = self._answers.get((class_, lane))
        if known is None:
            if len(self._answers) >= MEMORY:
                self._answers.clear()
            known = satisfies(capability, requirement)
            self._answers[class_, lane] = known
        return known

    async def requirement(self, lane: str) -> Requirement | None:
        """What the jobs of the lane need; None when it is gone."""
        return (await self._of([lane])).get(lane)

    async def shunned_by(self, lane: str) -> frozenset[str]:
        """The workers that have failed with the jobs of the lane."""
        if "~" not in lane:
            return frozenset()
        text = await self.client.command("HGET", key("shunned"), lane)
        return frozenset(json.loads(text or "[]"))

    async def served_by(self, classes: dict[str, Capability], lanes: list[str]) -> list[str]:
        """Those of the lanes that one of the classes can serve."""
        served: list[str] = []
        for start in range(0, len(lanes), CHUNK):
            for lane, requirement in (await self._of(lanes[start : start + CHUNK])).items():
                answers = (self.suits(*each, lane, requirement) for each in classes.items())
                if any(answers):
                    served.append(lane)
            await asyncio.sleep(0)
        return served

    async def classify(self, class_: str, capability: Capability, version: str) -> None:
        """Tell Redis the lanes added since `version` that the class can serve."""
        newest = await self.client.command("GET", key("lane_version")) or "0"
        added = await self.client.command(
            "ZRANGE", key("lane_log"), f"({version}", newest, "BYSCORE"
        )
        requirements = await self._of(added)
        mine = [lane async for lane in self._served(class_, capability, requirements)]
        await self.client.script("classify", class_, version, newest, *mine)

    async def informed(
        self, ask: Callable[[], Awaitable[T]], known: dict[str, Capability] | None = None
    ) -> T:
        """What is answered when all classes that the answer depends on are classified."""
        while True:
            try:
                return await ask()
            except StaleClassError as stale:
                await self.catch_up(stale.class_, stale.version, known or {})

    async def catch_up(self, class_: str, version: str, known: dict[str, Capability]) -> None:
        """Classify from `version` on. Connected workers tell of a class that is not `known`."""
        capability = known.get(class_)
        if capability is None:
            text = await self.client.command("HGET", key("classes"), class_)
            if text is None:  # its last worker has left, and nothing depends on it any more
                return
            capability = structure(load_json(text), Capability)
        await self.classify(class_, capability, version)

    async def waiting(self, limit: int) -> list[str]:
        """The lanes that have jobs, by the order of their first jobs."""
        heads = await self.client.command("ZRANGE", key("heads"), 0, limit - 1)
        return [head.rpartition(":")[2] for head in heads]

    async def _served(
        self, class_: str, capability: Capability, requirements: dict[str, Requirement]
    ) -> AsyncIterator[str]:
        for number, (lane, requirement) in enumerate(requirements.items(), start=1):
            if self.suits(class_, capability, lane, requirement):
                yield lane
            if number % CHUNK == 0:
                await asyncio.sleep(0)

    async def _of(self, lanes: Iterable[str]) -> dict[str, Requirement]:
        """The requirements of those lanes that there are."""
        known = {lane: self._requirements.get(lane) for lane in lanes}
        new = [lane for lane, requirement in known.items() if requirement is None]
        texts: list[str | None] = (
            await self.client.command("HMGET", key("lanes"), *new) if new else []
        )
        for lane, text in zip(new, texts, strict=True):
            if text is not None:  # None: its last job has ended meanwhile
                known[lane] = self._learn(lane, text)
        return {lane: each for lane, each in known.items() if each is not None}

    def _learn(self, lane: str, text: str) -> Requirement:
        if len(self._requirements) >= MEMORY:
            self._requirements.clear()
        self._requirements[lane] = structure(load_json(text), Requirement)
        return self._requirements[lane]


MEMORY = 100_000
"""How many lanes and answers are remembered; all can be found again."""
