"""How a file is answered: its type, its parts, and what a browser may do with it."""

from io import BytesIO

import pytest
from PIL import Image

from tests.support.artifacts import handed_in
from tests.support.hubs import RunningHub

# Shown as nothing but pictures, whatever else they hold.
GIF_AND_SCRIPT = b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"


def png() -> bytes:
    content = BytesIO()
    Image.new("RGB", (4, 4)).save(content, "png")
    return content.getvalue() + HTML


@pytest.mark.parametrize(
    ("content", "kind", "where"),
    [
        (png(), "image/png", "inline"),
        (GIF_AND_SCRIPT, "image/gif", "inline"),
        (SVG, "application/octet-stream", "attachment"),
        (HTML, "application/octet-stream", "attachment"),
    ],
    ids=["png+html", "gif+script", "svg", "html"],
)
async def test_the_bytes_and_not_their_sender_say_what_is_shown(
    hub: RunningHub, content: bytes, kind: str, where: str
) -> None:
    path = await handed_in(hub, content)
    await hub.rest.put(path, content=content, headers={"Content-Type": "text/html"})
    fetched = await hub.rest.get(path)
    assert fetched.content == content
    assert fetched.headers["content-type"] == kind
    assert fetched.headers["content-disposition"].startswith(f"{where};")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["content-security-policy"] == "sandbox"


async def test_a_part_of_a_file(hub: RunningHub) -> None:
    content = bytes(range(256)) * 4096  # more than one piece
    path = await handed_in(hub, content)
    part = await hub.rest.get(path, headers={"Range": "bytes=5-1000004"})
    assert (part.status_code, part.content) == (206, content[5:1000005])
    assert part.headers["content-range"] == f"bytes 5-1000004/{len(content)}"
    assert part.headers["content-length"] == "1000000"
    whole = await hub.rest.get(path)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert whole.headers["content-length"] == str(len(content))
    assert whole.content == content


async def test_a_part_behind_the_end(hub: RunningHub) -> None:
    path = await handed_in(hub, b"12345")
    refused = await hub.rest.get(path, headers={"Range": "bytes=5-"})
    assert (refused.status_code, refused.headers["content-range"]) == (416, "bytes */5")
    assert refused.json() == {"error": "Range: the file has 5 bytes"}


async def test_what_the_client_has_is_not_sent_again(hub: RunningHub) -> None:
    path = await handed_in(hub, b"12345")
    etag = (await hub.rest.get(path)).headers["etag"]
    assert etag == f'"{path.removeprefix("/artifacts/")}"'
    same = await hub.rest.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    part = {"Range": "bytes=0-1"}
    assert (await hub.rest.get(path, headers=part | {"If-Range": etag})).content == b"12"
    assert (await hub.rest.get(path, headers=part | {"If-Range": '"x"'})).content == b"12345"


async def test_an_empty_file(hub: RunningHub) -> None:
    fetched = await hub.rest.get(await handed_in(hub, b""))
    assert (fetched.status_code, fetched.content) == (200, b"")
