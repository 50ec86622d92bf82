"""Pictures of the simulation and their encodings."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from agent.connectors.picture import paint, png, preview

SIDES = st.integers(1, 300)


def distance(first: Image.Image, second: Image.Image) -> float:
    """Mean difference over all channels, 0 … 255."""
    means = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(means) / len(means)


def decoded(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**64 - 1), st.text(), SIDES, SIDES)
def test_any_seed_prompt_and_size_give_one_picture(
    seed: int, prompt: str, width: int, height: int
) -> None:
    first, second = paint(seed, prompt, width, height), paint(seed, prompt, width, height)
    assert first.size == (width, height)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (4096, 1), (1, 4096), (2, 3)], ids=str)
def test_extreme_sizes_can_be_painted(size: tuple[int, int]) -> None:
    assert paint(1, "a cat", *size).size == size


def test_half_a_surrogate_pair_is_a_prompt_like_any_other() -> None:
    assert distance(paint(1, "\ud800", 64, 64), paint(1, "\ud801", 64, 64)) > 1


def test_seed_and_prompt_both_change_the_picture() -> None:
    picture = paint(1, "a cat", 64, 64)
    assert distance(picture, paint(2, "a cat", 64, 64)) > 1
    assert distance(picture, paint(1, "a dog", 64, 64)) > 1


@pytest.mark.parametrize("seed", range(8))
def test_a_small_painting_shows_the_same_scene_as_a_large_one(seed: int) -> None:
    small, large = paint(seed, "a cat", 128, 96), paint(seed, "a cat", 1024, 768)
    same = distance(small, large.reduce(8))
    other = distance(small, paint(seed + 100, "a cat", 1024, 768).reduce(8))
    assert same < 4 < other


def test_the_picture_has_light_and_dark() -> None:
    for seed in range(8):
        darkest, lightest = paint(seed, "", 128, 128).convert("L").getextrema()
        assert isinstance(darkest, float | int)
        assert isinstance(lightest, float | int)
        assert lightest - darkest > 120


def test_the_png_is_lossless_and_holds_the_graph() -> None:
    picture = paint(3, "a cat", 48, 32)
    image = Image.open(BytesIO(png(picture, {"3": {"class_type": "é", "seed": 2**64 - 1}})))
    assert image.format == "PNG"
    assert distance(picture, image) == 0
    graph = '{"3": {"class_type": "\\u00e9", "seed": 18446744073709551615}}'
    assert image.info["prompt"] == graph


def test_previews_come_ever_closer_to_the_picture() -> None:
    picture = paint(5, "a cat", 128, 128)
    previews = [decoded(preview(picture, 5, step / 5)) for step in range(6)]
    distances = [distance(picture, image) for image in previews]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 40
    assert distances[-1] < 3
    assert {image.format for image in previews} == {"JPEG"}
