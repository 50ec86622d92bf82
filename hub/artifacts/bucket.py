"""Artifacts in an S3-compatible store; workers and clients exchange bytes with it, not with the hub."""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from hub.artifacts.digests import Stored
from hub.artifacts.kinds import HEAD_BYTES, UNKNOWN, kind_of
from hub.artifacts.signing import Signer
from hub.artifacts.strictness import ANNOUNCED, Strictness, checksum_of, put_wrong
from hub.settings import HubSettings
from shared.digests import SHA256

if TYPE_CHECKING:
    from obstore.store import S3Store

LASTS_S = 900
"""How long an address that was given away opens its object. A transfer that has begun goes on."""
FRESH = timedelta(hours=1)
"""How old an object gets before it is noted that somebody counts on it."""
PART_BYTES = 8 * 1024**2
AT_ONCE = 2


class BucketError(ConnectionError):
    """The store of artifacts does not answer, or not as it should; says which settings to look at."""


class Bucket:
    """The objects `PREFIX/objects/SHA256`, and `PREFIX/wanted/SHA256` for when one was asked after."""

    def __init__(self, store: "S3Store", url: str, prefix: str, signer: Signer) -> None:
        self._store = store
        self._url = url
        self._prefix = prefix
        self._signer = signer
        self._strictness = Strictness()

    @classmethod
    def of(cls, settings: HubSettings) -> "Bucket | None":
        """As set; None where artifacts lie on the hub's disk."""
        if not settings.hub_artifacts:
            return None
        from obstore.store import S3Store  # noqa: PLC0415 - 20 MB that a hub with a disk need not load

        name, _, prefix = settings.hub_artifacts.removeprefix("s3://").partition("/")
        region, key_id = settings.hub_artifacts_region, settings.hub_artifacts_key_id or ""
        secret = settings.hub_artifacts_secret or ""
        endpoint = settings.hub_artifacts_endpoint or f"https://s3.{region}.amazonaws.com"
        store = S3Store(
            name,
            endpoint=endpoint,
            region=region,
            access_key_id=key_id,
            secret_access_key=secret,
            virtual_hosted_style_request=False,
            client_options={"allow_http": endpoint.startswith("http:")},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        )
        place = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        return cls(store, f"{endpoint.rstrip('/')}/{name}", place, Signer(key_id, secret, region))

    async def has(self, sha256: str) -> bool:
        """Whether the artifact is here."""
        return await self._modified(self._object(sha256)) is not None

    async def keep(self, sha256: str) -> bool:
        """Whether the artifact is here; if so it counts as stored not long ago."""
        modified = await self._modified(self._object(sha256))
        if modified is not None and modified < datetime.now(UTC) - FRESH:
            # S3 gives an object no new time; that another one is new says the same.
            with _told():
                await self._store.put_async(self._wanted(sha256), b"")
        return modified is not None

    async def put(self, sha256: str, path: Path) -> None:
        """Bring a file here that has this digest."""
        try:
            with _told():
                await self._store.put_async(
                    self._object(sha256), path, chunk_size=PART_BYTES, max_concurrency=AT_ONCE
                )
        except FileNotFoundError as problem:  # no object was asked for
            raise BucketError(
                "the store of artifacts has no such bucket: create it, or correct HUB_ARTIFACTS"
            ) from problem

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of an artifact, in pieces."""
        with _told():
            got = await self._store.get_async(self._object(sha256))
            async for piece in got.stream(min_chunk_size=256 * 1024):
                yield bytes(piece)

    async def stored(self) -> dict[str, Stored]:
        """All artifacts, by digest."""
        objects, wanted = await self.listed("objects"), await self.listed("wanted")
        return {
            name: Stored(max(each.at_s, wanted.get(name, each).at_s), each.size_bytes)
            for name, each in objects.items()
            if SHA256.fullmatch(name)
        }

    async def remove(self, sha256: str) -> None:
        """Remove an artifact."""
        for path in (self._object(sha256), self._wanted(sha256)):
            with suppress(FileNotFoundError), _told():
                await self._store.delete_async(path)

    async def kind(self, sha256: str) -> str:
        """What the artifact is, by its first bytes."""
        path = self._object(sha256)
        with _told():
            if not (await self._store.head_async(path))["size"]:
                return UNKNOWN
            head = await self._store.get_range_async(path, start=0, length=HEAD_BYTES)
        return kind_of(bytes(head))

    def download_url(self, sha256: str, kind: str) -> str:
        """Where anybody gets the artifact for a while, as what it is."""
        where = "attachment" if kind == UNKNOWN else "inline"
        shown = {
            "response-content-type": kind,
            "response-content-disposition": f'{where}; filename="{sha256}"',
        }
        return self._signer.signed("GET", self._at(sha256), LASTS_S, query=shown)

    def upload_url(self, sha256: str) -> str:
        """Where these bytes and no others can be put for a while, with their checksum in a header.

        For a store that `is_strict`; another takes any bytes there.
        """
        return self._signed_put(self._object(sha256), checksum_of(bytes.fromhex(sha256)))

    async def is_strict(self) -> bool:
        """Whether the store refuses bytes that do not have the checksum which is signed."""
        return await self._strictness.found(self._put_wrong)

    async def _put_wrong(self) -> int:
        path = f"{self._prefix}tried/{uuid4()}"
        try:
            status = await put_wrong(self._signed_put(path, ANNOUNCED))
        except httpx.HTTPError as problem:
            raise BucketError(
                f"the store of artifacts does not answer: {problem or type(problem).__name__}; "
                "check HUB_ARTIFACTS_ENDPOINT"
            ) from problem
        if httpx.codes.is_success(status):
            with suppress(FileNotFoundError), _told():
                await self._store.delete_async(path)
        return status

    def _signed_put(self, path: str, headers: dict[str, str]) -> str:
        return self._signer.signed("PUT", f"{self._url}/{path}", LASTS_S, headers=headers)

    async def _modified(self, path: str) -> datetime | None:
        try:
            with _told():
                return (await self._store.head_async(path))["last_modified"]
        except FileNotFoundError:
            return None

    async def listed(self, folder: str) -> dict[str, Stored]:
        """When each of `objects` or `wanted` was put there, by digest."""
        found: dict[str, Stored] = {}
        pages = self._store.list(f"{self._prefix}{folder}/")  # pyright: ignore[reportUnknownMemberType] - its stubs leave Arrow out
        with _told():
            async for page in pages:
                for each in page:
                    known = Stored(each["last_modified"].timestamp(), each["size"])
                    found[each["path"].rpartition("/")[2]] = known
        return found

    def _at(self, sha256: str) -> str:
        return f"{self._url}/{self._object(sha256)}"

    def _object(self, sha256: str) -> str:
        return f"{self._prefix}objects/{sha256}"

    def _wanted(self, sha256: str) -> str:
        return f"{self._prefix}wanted/{sha256}"


@contextmanager
def _told() -> Generator[None]:
    """Whatever goes wrong with the store is a `BucketError`, but for what is not there."""
    from obstore import exceptions as of_store  # noqa: PLC0415 - as above

    try:
        yield
    except (of_store.PermissionDeniedError, of_store.UnauthenticatedError) as problem:
        raise BucketError(
            "the store of artifacts refuses the key: check HUB_ARTIFACTS_KEY_ID and "
            "HUB_ARTIFACTS_SECRET, and that they may read, write, list and delete there"
        ) from problem
    except of_store.BaseError as problem:
        first = str(problem).partition("\n")[0]
        raise BucketError(
            f"the store of artifacts does not answer: {first}; check HUB_ARTIFACTS_ENDPOINT, the "
            "key, and that the bucket of HUB_ARTIFACTS exists"
        ) from problem
