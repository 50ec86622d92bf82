"""Files that lie with other hubs on the same Redis: found there, passed on, and copied where needed.

A hub says in Redis where it is, and asks the others, one after the other, for a file that it has not
got. It is let in by an errand: a random word that it has left in Redis beside the file's digest. A hub
that is asked looks on its own disk and asks nobody, so that no question goes round. Nobody but a hub
names an address here, and redirects are not followed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import httpx
from attrs import define, field

from hub.artifacts import ArtifactError, Artifacts
from hub.store.client import StoreUnavailableError
from hub.store.hubs import Hub, Hubs

log = logging.getLogger(__name__)

ERRAND, HAS_NOT, IS_VALUE = "X-Hub-Errand", "X-Hub-Has-Not", "X-Hub-Value"
"""Headers: leave to fetch a file; the file is not there; the file is a value of messages."""
ANNOUNCE_S = 5.0
SILENT_MS = 20_000
"""A hub that was not heard for so long is not asked."""
AT_ONCE = 32
"""Files that are on their way from other hubs."""
TIMEOUT = httpx.Timeout(15, connect=3, pool=5)
REMEDY = (
    "set HUB_PEER_URL to where other hubs find that hub, or let all hubs keep files in one place: "
    "HUB_ARTIFACTS, or one HUB_DATA_DIR"
)
ANSWERS = frozenset({200, 206, 304, 404, 416})


class NeighbourError(ConnectionError):
    """A hub that may have the file does not answer; the message says which, and what to do."""


@define(eq=False)
class Neighbours:
    """The other hubs. `address` is where they find this one; None when they cannot."""

    hubs: Hubs
    artifacts: Artifacts
    address: str | None = field(default=None, init=False)
    _copying: dict[str, asyncio.Task[bool]] = field(factory=dict, init=False)
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    async def run(self) -> None:
        """Say where this hub is, until cancelled."""
        try:
            while True:
                try:
                    await self._announce()
                except StoreUnavailableError as problem:
                    log.warning("cannot tell other hubs where this one is: %s", problem)
                await asyncio.sleep(ANNOUNCE_S)
        finally:
            if self._client is not None:
                await self._client.aclose()

    async def ask(
        self,
        method: str,
        sha256: str,
        part: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """The answer of a hub that has the file, to be closed by the caller; None when none has.

        Raises `NeighbourError` when one that may have it does not answer.
        """
        others = await self.hubs.others(self.address)
        if not others:
            return None
        shown = {**(headers or {}), ERRAND: await self.hubs.send_for(sha256)}
        problem: NeighbourError | None = None
        for hub in others:
            try:
                answer = await self._asked(method, hub, f"/hubs/artifacts/{sha256}{part}", shown)
            except NeighbourError as unheard:
                problem = unheard
                continue
            if HAS_NOT not in answer.headers:
                return answer
            await answer.aclose()
        if problem is not None:
            raise NeighbourError(f"artifact {sha256} is not here, and {problem}") from problem
        return None

    async def keep(self, sha256: str) -> bool:
        """Whether another hub has the file; there it counts as stored just now."""
        answer = await self.ask("HEAD", sha256)
        if answer is not None:
            await answer.aclose()
        return answer is not None

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of a file that another hub has, in pieces."""
        answer = await self.ask("GET", sha256)
        if answer is None:
            raise NeighbourError(f"artifact {sha256} is not with any hub any more")
        async for piece in passed_on(answer):
            yield piece

    async def copy(self, sha256: str) -> bool:
        """Whether the value is here now: copied from the hub that has it. Raises `NeighbourError`."""
        copying = self._copying.get(sha256)
        if copying is None:
            copying = asyncio.create_task(self._copied(sha256))
            self._copying[sha256] = copying
            copying.add_done_callback(lambda _: self._copying.pop(sha256, None))
        return await asyncio.shield(copying)

    async def _copied(self, sha256: str) -> bool:
        answer = await self.ask("GET", sha256)
        if answer is None:
            return False
        if IS_VALUE not in answer.headers:  # only what is known to be JSON is put into messages
            await answer.aclose()
            return False
        try:
            await self.artifacts.copy(sha256, passed_on(answer))
        except ArtifactError as problem:
            raise NeighbourError(
                f"artifact {sha256} came from another hub in bad order"
            ) from problem
        return True

    async def _asked(
        self, method: str, hub: Hub, path: str, headers: Mapping[str, str]
    ) -> httpx.Response:
        if hub.silent_ms > SILENT_MS:
            silent_s = hub.silent_ms // 1000
            raise NeighbourError(f"the hub at {hub.url} was last heard {silent_s} s ago: {REMEDY}")
        try:
            request = self._http.build_request(method, _checked(hub.url) + path, headers=headers)
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as problem:
            what = type(problem).__name__
            raise NeighbourError(
                f"the hub at {hub.url} does not answer ({what}): {REMEDY}"
            ) from problem
        if answer.status_code not in ANSWERS:
            await answer.aclose()
            raise NeighbourError(f"the hub at {hub.url} answers {answer.status_code}: {REMEDY}")
        return answer

    async def _announce(self) -> None:
        if self.address is not None:
            await self.hubs.announce(self.address)
        elif await self.hubs.others(None):
            log.warning("other hubs cannot fetch the files of this one: set HUB_PEER_URL")

    @property
    def _http(self) -> httpx.AsyncClient:
        """Made when it is first needed: its authorities take 70 ms and some 5 MB."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                trust_env=False,
                timeout=TIMEOUT,
                limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
                headers={"Accept-Encoding": "identity", "User-Agent": "emp-hub"},
            )
        return self._client


async def passed_on(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body of an answer, in pieces; closed at the end, whatever happens. Raises `NeighbourError`."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx.HTTPError as problem:
        what = type(problem).__name__
        raise NeighbourError(f"another hub broke off in the middle of a file ({what})") from problem
    finally:
        await answer.aclose()


def _checked(url: str) -> str:
    """The address of a hub, which is no more than that. Raises `NeighbourError`."""
    place = urlsplit(url)
    if place.scheme not in {"http", "https"} or "@" in place.netloc or not place.hostname:
        raise NeighbourError(f"a hub has said that it is at {url!r}: {REMEDY}")
    return url.rstrip("/")
