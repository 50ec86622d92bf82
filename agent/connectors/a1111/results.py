"""What came back, compared with what was asked for, as files and facts."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from agent.connectors.a1111.request import Request
from agent.connectors.answers import is_array, is_object
from agent.connectors.base import ConnectorError, OutputFile, Result
from agent.connectors.media import UNKNOWN, sniffed, suffix_of

_FACTS = (
    "sampler_name", "steps", "cfg_scale", "width", "height", "sd_model_name", "sd_model_hash",
    "sd_vae_name", "denoising_strength", "clip_skip", "version",
)  # fmt: skip


@frozen(kw_only=True)
class Drawn:
    """The pictures of a call: the grid apart, and what extensions have added at the end."""

    grid: list[str]
    pictures: list[str]
    additions: list[str]
    info: dict[str, Any]


def drawn(body: dict[str, Any], request: Request) -> Drawn:
    """Take an answer apart. Raises `ConnectorError` when pictures are missing."""
    images = body.get("images")
    info = _info(body.get("info"))
    if not is_array(images) or not info:
        raise ConnectorError("the server's answer has no images or no info")
    first = int(info.get("index_of_first_image") or 0)
    pictures = images[first : first + request.pictures]
    if len(pictures) < request.pictures:
        raise ConnectorError(
            f"the server returned {len(pictures)} of {request.pictures} pictures: it was "
            "interrupted by somebody else using it",
            details={"pictures": len(pictures), "wanted": request.pictures},
        )
    return Drawn(
        grid=images[:first],
        pictures=pictures,
        additions=images[first + request.pictures :],
        info=info,
    )


def drawn_result(found: Drawn, *, with_grid: bool) -> Result:
    """Return pictures as files, with the seed of each."""
    seeds = found.info.get("all_seeds")
    return Result(
        data={
            "seeds": seeds if is_array(seeds) else [found.info.get("seed")],
            "info": {key: found.info[key] for key in _FACTS if key in found.info},
        },
        files=(
            *_files("image", found.pictures),
            *_files("addition", found.additions),
            *(_files("grid", found.grid) if with_grid else ()),
        ),
    )


def extras_result(body: dict[str, Any], request: Request) -> Result:
    """Return the pictures of extras. Raises `ConnectorError` when some are missing."""
    images = body.get("images", [body.get("image")])
    if not is_array(images) or len(images) != request.pictures or not all(images):
        raise ConnectorError(f"the server did not return {request.pictures} pictures")
    return Result(files=tuple(_files("image", images)))


def png_info_result(body: dict[str, Any]) -> Result:
    """Return what a picture's own text says."""
    return Result(data={key: body.get(key) for key in ("info", "items", "parameters")})


def _info(text: object) -> dict[str, Any]:
    """Read the info, which is JSON in a string."""
    try:
        info = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return info if is_object(info) else {}


def _files(stem: str, images: Iterable[str]) -> Iterator[OutputFile]:
    for number, image in enumerate(images, 1):
        content = _decoded(image)
        media_type = sniffed(content)
        if media_type == UNKNOWN:
            raise ConnectorError(f"{stem} {number} of the answer is no picture")
        name = f"{stem}_{number:05}.{suffix_of(media_type)}"
        yield OutputFile(filename=name, mime_type=media_type, content=content)


def _decoded(image: str) -> bytes:
    try:
        return b64decode(image.rpartition(",")[2], validate=True)
    except (Base64Error, ValueError) as error:
        raise ConnectorError(f"a picture of the answer is no base64: {error}") from error
