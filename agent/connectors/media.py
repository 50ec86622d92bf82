"""What bytes are, by their first ones."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
_SUFFIXES = {"image/jpeg": "jpg", "audio/mpeg": "mp3", "model/gltf-binary": "glb"}

UNKNOWN = "application/octet-stream"


def sniffed(content: bytes) -> str:
    """Return the media type that the first bytes show, else `UNKNOWN`."""
    for offset, magic, media_type in _MAGIC:
        if content.startswith(magic, offset):
            return media_type
    return UNKNOWN


def suffix_of(media_type: str) -> str:
    """Return how names of files of a media type end, without the dot."""
    if media_type == UNKNOWN:
        return "bin"
    return _SUFFIXES.get(media_type, media_type.rpartition("/")[2].removeprefix("x-"))
