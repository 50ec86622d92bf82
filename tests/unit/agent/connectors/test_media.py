"""Bytes by their first ones."""

import pytest

from agent.connectors.media import sniffed, suffix_of

KINDS = [
    (b"\x89PNG\r\n\x1a\n0", "image/png", "png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg", "jpg"),
    (b"RIFF0000WEBPVP8", "image/webp", "webp"),
    (b"RIFF0000WAVEfmt", "audio/wav", "wav"),
    (b"\x00\x00\x00\x18ftypmp42", "video/mp4", "mp4"),
    (b"ID3\x04", "audio/mpeg", "mp3"),
    (b"glTF\x02", "model/gltf-binary", "glb"),
    (b"hello", "application/octet-stream", "bin"),
    (b"", "application/octet-stream", "bin"),
]


@pytest.mark.parametrize(("content", "media_type", "suffix"), KINDS)
def test_kinds_are_known_by_their_first_bytes(content: bytes, media_type: str, suffix: str) -> None:
    assert sniffed(content) == media_type
    assert suffix_of(media_type) == suffix
