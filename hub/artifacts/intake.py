"""Files that a job is given: `inputs` in its payload, by reference, URL or data URI.

`{"inputs": [{"name": "photo.png", "url": "https://…"}]}` becomes, before the job is kept,
`{"inputs": [{"name": "photo.png", "artifact": "<sha256>"}]}`, and the bytes are an artifact.
"""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from attrs import evolve, frozen

from hub.artifacts.bucket import Bucket
from hub.artifacts.disk import Artifacts
from hub.artifacts.fetching import Fetcher
from hub.settings import HubSettings
from shared.digests import SHA256
from shared.fields import FieldError, within
from shared.jobs import JobSpec

SOURCES = ("artifact", "url", "data")
MOST = 64
FILE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]{1,200}")
DATA_URI = re.compile(
    r"data:[\w!#$&^.+/-]*(?:;[\w-]+=[^;,]*)*(;base64)?,(.*)", re.DOTALL | re.IGNORECASE
)
ONE_OF = "one of artifact, url and data, and a name"


async def nowhere(_: str) -> bool:
    """No other hub has any file."""
    return False


@frozen
class Intake:
    """Brings in what jobs are given."""

    artifacts: Artifacts
    fetcher: Fetcher
    is_elsewhere: Callable[[str], Awaitable[bool]] = nowhere  # keeps a file that another hub has

    @classmethod
    def of(cls, settings: HubSettings) -> "Intake":
        """As set."""
        artifacts = Artifacts(settings.hub_data_dir / "artifacts", Bucket.of(settings))
        return cls(artifacts, Fetcher.of(settings))

    async def given(self, spec: JobSpec) -> JobSpec:
        """The job with its inputs here. Raises `FieldError`."""
        payload = await self.settled(spec.payload)
        return spec if payload is spec.payload else evolve(spec, payload=payload)

    async def given_to_steps(self, steps: Mapping[str, JobSpec]) -> dict[str, JobSpec]:
        """The steps of a graph, by name, with all inputs here that are known now. Raises `FieldError`."""
        given: dict[str, JobSpec] = {}
        for at, (name, spec) in enumerate(steps.items()):
            with within(f"steps[{at}]."):
                payload = await self.settled(spec.payload, is_step=True)
            given[name] = evolve(spec, payload=payload)
        return given

    async def settled(self, payload: dict[str, Any], *, is_step: bool = False) -> dict[str, Any]:
        """The payload, its inputs all artifacts that are here. A step may refer to earlier results.

        Raises `FieldError`.
        """
        listed = payload.get("inputs")
        if not is_ours(listed):
            return payload
        entries = cast("list[Any]", listed)
        if len(entries) > MOST:
            raise FieldError("payload.inputs", f"are {len(entries)}", f"at most {MOST}")
        checked = [checked_entry(at, each, is_step=is_step) for at, each in enumerate(entries)]
        _check_names(checked)
        inputs = [await self._settled(at, each) for at, each in enumerate(checked)]
        return payload | {"inputs": inputs}

    async def _settled(self, at: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        (source,) = set(entry) - {"name"}
        said = entry[source]
        if is_reference(said):
            return dict(entry)
        bring = {"artifact": self._kept, "url": self._fetched, "data": self._decoded}[source]
        try:
            return {"name": entry["name"], "artifact": await bring(said)}
        except ValueError as problem:
            where = f"payload.inputs[{at}].{source}"
            raise FieldError(where, str(problem), ACCEPTED[source]) from problem

    async def _kept(self, said: str) -> str:
        sha256 = said.removeprefix("/artifacts/")
        if not SHA256.fullmatch(sha256):
            raise ValueError("is no SHA-256")
        if not await self.artifacts.keep(sha256) and not await self.is_elsewhere(sha256):
            raise ValueError(f"there is no artifact {sha256}")
        return sha256

    async def _fetched(self, said: str) -> str:
        sha256, _ = await self.fetcher.fetch(said, self.artifacts.take)
        return sha256

    async def _decoded(self, said: str) -> str:
        match = DATA_URI.fullmatch(said)
        if match is None:
            raise ValueError("is no data URI")
        content = unquote_to_bytes(match[2])
        if match[1]:
            try:
                content = base64.b64decode(content, validate=True)
            except binascii.Error as problem:
                raise ValueError(f"is not base64: {problem}") from problem
        sha256, _ = await self.artifacts.take(_once(content))
        return sha256


ACCEPTED = {
    "artifact": "the sha256 of a file that was handed in with POST /artifacts",
    "url": "an http:// or https:// URL on the public internet",
    "data": "data:image/png;base64,…",
}


def is_ours(listed: Any) -> bool:
    """Whether `inputs` are files for the hub to bring in, and not a service's own field of that name."""
    return isinstance(listed, list) and any(
        isinstance(each, dict)
        and ("artifact" in each or isinstance(each.get("url"), str) or _is_data(each.get("data")))  # pyright: ignore[reportUnknownMemberType] - JSON
        for each in cast("list[Any]", listed)
    )


def is_reference(said: Any) -> bool:
    """Whether a result of an earlier step is meant, which is not there yet."""
    return isinstance(said, dict) and "$from" in said


def checked_entry(at: int, entry: Any, *, is_step: bool) -> Mapping[str, Any]:
    """An input with a name and one source. Raises `FieldError`."""
    where = f"payload.inputs[{at}]"
    known = cast("dict[str, Any]", entry if isinstance(entry, dict) else {})
    fields = set(known)
    if "name" not in fields or len(fields) != len({"name", "its source"}):
        raise FieldError(where, f"has {', '.join(sorted(fields)) or 'no fields'}", ONE_OF)
    (source,) = fields - {"name"}
    if source not in SOURCES:
        raise FieldError(f"{where}.{source}", "is no source of a file", ONE_OF)
    name, said = known["name"], known[source]
    if not (is_step and is_reference(name)) and not _is_name(name):
        raise FieldError(f"{where}.name", "is no name of a file", "1 to 200 characters, no / or \\")
    if not isinstance(said, str) and not (is_step and source == "artifact" and is_reference(said)):
        raise FieldError(f"{where}.{source}", "is no text", ACCEPTED[source])
    return known


def _check_names(entries: list[Mapping[str, Any]]) -> None:
    seen = set[str]()
    for at, each in enumerate(entries):
        name = each["name"]
        if isinstance(name, str):
            if name.casefold() in seen:
                raise FieldError(
                    f"payload.inputs[{at}].name", f"{name!r} is there twice", "another"
                )
            seen.add(name.casefold())


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and FILE_NAME.fullmatch(name) is not None


def _is_data(said: Any) -> bool:
    return isinstance(said, str) and said[:5].lower() == "data:"


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
