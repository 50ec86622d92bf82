"""What a file is, by its bytes: only what a browser shows without running anything."""

import re
from pathlib import Path

from attrs import frozen

HEAD_BYTES = 64
UNKNOWN = "application/octet-stream"


@frozen
class _Signature:
    mime_type: str
    pattern: re.Pattern[bytes]


def _signature(mime_type: str, pattern: bytes) -> _Signature:
    return _Signature(mime_type, re.compile(pattern, re.DOTALL))


# Whoever made a file says what it is, and may lie; nothing here is ever parsed as a page or a script.
SIGNATURES = (
    _signature("image/png", rb"\x89PNG\r\n\x1a\n"),
    _signature("image/jpeg", rb"\xff\xd8\xff"),
    _signature("image/gif", rb"GIF8[79]a"),
    _signature("image/webp", rb"RIFF....WEBP"),
    _signature("image/avif", rb"....ftypavi[fs]"),
    _signature("video/quicktime", rb"....ftypqt  "),
    _signature("audio/mp4", rb"....ftypM4A "),
    _signature("video/mp4", rb"....ftyp(?:isom|iso[2-9]|mp4[12]|avc1|dash|M4V |MSNV)"),
    _signature("video/webm", rb"\x1aE\xdf\xa3.{0,40}\x42\x82.webm"),
    _signature("audio/wav", rb"RIFF....WAVE"),
    _signature("audio/flac", rb"fLaC"),
    _signature("audio/ogg", rb"OggS"),
    _signature("audio/mpeg", rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2]"),
)


def kind_of(head: bytes) -> str:
    """The type that the first bytes of a file show, or `UNKNOWN`."""
    for each in SIGNATURES:
        if each.pattern.match(head):
            return each.mime_type
    return UNKNOWN


def kind_of_file(path: Path) -> str:
    """The type that a file's first bytes show, or `UNKNOWN`."""
    with path.open("rb") as file:
        return kind_of(file.read(HEAD_BYTES))
