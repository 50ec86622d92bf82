"""Pictures for the simulation: a landscape that seed and prompt decide, and its encodings."""

import json
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image, ImageFilter, PngImagePlugin

from agent.connectors import scenery
from agent.connectors.scenery import Palette

PALETTES = (
    Palette(
        sky=("#2b1b4d", "#7a3b69", "#e0607e", "#ffb37b", "#ffe3b0"),
        sun="#fff3d6",
        far="#d98f95",
        near="#1f1233",
    ),
    Palette(
        sky=("#2f6ea3", "#6fa9cf", "#b5d9e4", "#f8efd8"),
        sun="#fffbe8",
        far="#9fbcc4",
        near="#12303d",
    ),
    Palette(
        sky=("#050a24", "#0d1f4a", "#1f4a7a", "#5b9bb5"),
        sun="#f4f3e6",
        far="#3f7391",
        near="#040a1c",
        stars=260,
    ),
    Palette(
        sky=("#12343b", "#2d6a6a", "#7fb59b", "#f1e3a4"),
        sun="#fff6c9",
        far="#8fb59c",
        near="#0c2326",
    ),
    Palette(
        sky=("#5b1a33", "#b23a48", "#f0784b", "#fcb95f", "#fde6a2"),
        sun="#fff0c2",
        far="#e08a63",
        near="#2c0c1f",
    ),
    Palette(
        sky=("#140b2e", "#3a1c5c", "#7d3c98", "#e07fb4"),
        sun="#ffe9f4",
        far="#9a579f",
        near="#0d0620",
        stars=160,
    ),
    Palette(
        sky=("#7d93a8", "#aebfca", "#dde0dd", "#f6e7d3"),
        sun="#fffdf5",
        far="#b4bfc4",
        near="#263640",
    ),
    Palette(
        sky=("#0b3954", "#087e8b", "#5ab1a8", "#f7c59f", "#ff9f7a"),
        sun="#fff0dc",
        far="#7fa39a",
        near="#06212e",
    ),
)


def paint(seed: int, prompt: str, width: int, height: int) -> Image.Image:
    """Paint the picture of a seed and a prompt: the same one each time. Sides are pixels.

    Other sizes show the same scene, so a small painting previews a large one.
    """
    # JSON is ASCII: a prompt may hold what cannot be encoded, such as half a surrogate pair.
    dice = Random(json.dumps([seed, prompt]))  # noqa: S311 - a picture is no secret
    palette = dice.choice(PALETTES)
    horizon = dice.uniform(0.56, 0.68)
    picture = scenery.sky(palette, (width, height), horizon)
    scenery.add_stars(picture, palette, dice)
    scenery.add_sun(picture, palette, horizon, dice)
    scenery.add_clouds(picture, palette, horizon, dice)
    scenery.add_mountains(picture, palette, horizon, dice)
    scenery.add_lake(picture, palette, horizon, dice)
    scenery.add_forest(picture, palette, dice)
    return picture


def png(picture: Image.Image, graph: dict[str, Any]) -> bytes:
    """Encode with the graph in the text chunk `prompt`, where ComfyUI puts it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", json.dumps(graph))
    buffer = BytesIO()
    # The level is a choice of speed: the default one takes several times as long.
    picture.save(buffer, "PNG", pnginfo=info, compress_level=1)
    return buffer.getvalue()


def preview(picture: Image.Image, seed: int, done: float) -> bytes:
    """Encode as JPEG how the picture looks when `done` (0 … 1) of the sampling is over."""
    rest = 1 - done
    blurred = picture.filter(ImageFilter.GaussianBlur(rest**2 * max(picture.size) / 16))
    noise = scenery.noise(picture.size, Random(seed))  # noqa: S311 - a picture is no secret
    buffer = BytesIO()
    Image.blend(blurred, noise, rest**1.5).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
