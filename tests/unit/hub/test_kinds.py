"""What a file is, by its bytes alone."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hub.artifacts.kinds import UNKNOWN, kind_of, kind_of_file

HEADS = {
    b"\0\0\0\x20ftypisom\0\0": "video/mp4",
    b"\0\0\0\x20ftypmp42\0\0": "video/mp4",
    b"\0\0\0\x20ftypqt  \0\0": "video/quicktime",
    b"\0\0\0\x20ftypM4A \0\0": "audio/mp4",
    b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm": "video/webm",
    b"RIFF\x24\x08\0\0WAVEfmt ": "audio/wav",
    b"fLaC\0\0\0\x22": "audio/flac",
    b"OggS\0\x02": "audio/ogg",
    b"ID3\x04\0": "audio/mpeg",
    b"\xff\xfb\x90d": "audio/mpeg",
    # A size may have the bytes of a line's end.
    b"RIFF\n\n\n\nWEBPVP8 ": "image/webp",
    b"\n\n\n\nftypisom\0\0": "video/mp4",
    b"\x1aE\xdf\xa3\n\x42\x86\x81\x01\x42\x82\nwebm": "video/webm",
}
# What a browser would run, and what only looks like something it would show.
NEVER_SHOWN = [
    b"", b"<!doctype html><script>", b"<svg xmlns='http://www.w3.org/2000/svg'>", b"<?xml version='1.0'?>",
    b"<html><script>", b"<HTML>", b"<!DOCTYPE html>", b"<script>", b"<body onload=x>",
    b"%PDF-1.7", b"PK\x03\x04", b"#!/bin/sh", b" \x89PNG\r\n\x1a\n", b"\x89PN", b"RIFF\0\0\0\0HTML",
    b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", b"\0\0\0\x20ftypevil", b"#EXTM3U\n",
]  # fmt: skip


@pytest.mark.parametrize(("head", "kind"), HEADS.items(), ids=repr)
def test_sound_and_video_are_recognised(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind


@pytest.mark.parametrize("head", NEVER_SHOWN, ids=repr)
def test_nothing_else_is(head: bytes) -> None:
    assert kind_of(head) == UNKNOWN


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp", "avif"])
def test_pictures_are_recognised(tmp_path: Path, form: str) -> None:
    content = BytesIO()
    Image.new("RGB", (4, 4)).save(content, form)
    (tmp_path / "x").write_bytes(content.getvalue())
    assert kind_of_file(tmp_path / "x") == f"image/{form}"
