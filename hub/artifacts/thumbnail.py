"""The process that makes one small picture: `SOURCE KIND SIZE TARGET`; 1, with why, if it cannot."""

import os
import resource
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/webm": "matroska"}
MOST_PIXELS = 64_000_000
Image.MAX_IMAGE_PIXELS = None  # the limit here is tighter, and is told in our words
LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 20,
    resource.RLIMIT_FSIZE: 64 * 1024**2,
    resource.RLIMIT_CORE: 0,
}


class UnreadableError(Exception):
    """The file cannot be shown small; the message says why."""


def main(source: Path, kind: str, size: int, target: Path) -> None:
    """Write the small picture of `source`. Raises `UnreadableError`."""
    if kind in FORMATS:
        shrink(source, FORMATS[kind], size, target)
        return
    frame = target.with_suffix(".frame")
    try:
        take_frame(source, kind, frame)
        shrink(frame, "PNG", size, target)
    finally:
        frame.unlink(missing_ok=True)


def shrink(source: Path, form: str, size: int, target: Path) -> None:
    """The first picture of an image, upright, as WebP. Its size is read before its pixels."""
    try:
        with Image.open(source, formats=(form,)) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise UnreadableError(
                    f"{width} x {height} pixels are more than {MOST_PIXELS // 1_000_000} million"
                )
            picture.draft("RGB", (size, size))
            picture.thumbnail((size, size))
            small = ImageOps.exif_transpose(picture)
            has_alpha = small.has_transparency_data
            small.convert("RGBA" if has_alpha else "RGB").save(target, "WEBP", quality=80)
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as problem:
        raise UnreadableError(f"not readable as {form}: {problem}") from problem


def take_frame(source: Path, kind: str, target: Path) -> None:
    """One of the first frames of a video, by ffmpeg; it may open this file and no other."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise UnreadableError("posters of videos need ffmpeg, which this hub does not have")
    command = (
        *(ffmpeg, "-v", "error", "-nostdin", "-threads", "1"),
        *("-protocol_whitelist", "file", "-f", DEMUXERS[kind], "-i", f"file:{source}"),
        *("-map", "0:v:0", "-vf", "thumbnail=25,scale='min(1024,iw)':-2", "-frames:v", "1"),
        *("-threads", "1", "-c:v", "png", "-f", "image2", "-update", "1", "-y", f"file:{target}"),
    )
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode or not target.exists():
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UnreadableError(f"ffmpeg: {lines[-1] if lines else 'no frame'}")


def confine() -> None:
    """Little memory, little time, low priority: what is decoded here may be hostile."""
    for what, most in LIMITS.items():
        resource.setrlimit(what, (most, most))
    os.nice(10)
    warnings.simplefilter("ignore")


if __name__ == "__main__":
    confine()
    try:
        main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    except UnreadableError as problem:
        sys.exit(str(problem))
