"""The parts of a landscape, each painted over what is there, from the far to the near.

Places and lengths are fractions of the picture's sides, and every part takes as many random
numbers at any size: that keeps the scene the same from the preview to the full picture.
"""

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from random import Random

from attrs import frozen
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

Size = tuple[int, int]
Points = list[tuple[float, float]]

_SMOOTH = 2  # edges are drawn at this scale and reduced
_RADIAL_AT_SIDE = 178  # of 255, which Pillow's radial gradient reaches in the corners only


@frozen(kw_only=True)
class Palette:
    """The light of a scene, as `#rrggbb`. The sky runs from the zenith down to the horizon."""

    sky: tuple[str, ...]
    sun: str
    far: str  # the mountains at the horizon
    near: str  # the forest in front
    stars: int = 0


def sky(palette: Palette, size: Size, horizon: float) -> Image.Image:
    """Begin a picture with its sky; below the horizon its lowest colour goes on."""
    width, height = size
    picture = Image.new("RGB", size, palette.sky[-1])
    picture.paste(_gradient(palette.sky, (width, max(1, round(height * horizon)))))
    return picture


def add_stars(picture: Image.Image, palette: Palette, dice: Random) -> None:
    """Scatter the palette's stars over the upper half, fainter towards the horizon."""
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(palette.stars):
        x, y, brightness = dice.random(), dice.random() ** 1.5 / 2, dice.random() ** 3
        radius = (0.0006 + 0.0014 * brightness) * max(picture.size)
        alpha = round((80 + 175 * brightness) * (1 - y))
        pen.circle(_pixels((x, y), picture.size), radius, fill=(255, 255, 255, alpha))


def add_sun(picture: Image.Image, palette: Palette, horizon: float, dice: Random) -> None:
    """Put up a sun or moon and its glow."""
    place = dice.uniform(0.2, 0.8), horizon * dice.uniform(0.3, 0.75)
    radius = dice.uniform(0.035, 0.075)
    for reach, strength in ((16, 0.5), (6, 0.6)):
        _stamp(picture, palette.sun, _glow(strength), place, radius * reach)
    disc = Image.new("L", (256, 256))
    ImageDraw.Draw(disc).ellipse((4, 4, 251, 251), fill=255)
    _stamp(picture, palette.sun, disc, place, radius)


def add_clouds(picture: Image.Image, palette: Palette, horizon: float, dice: Random) -> None:
    """Draw streaks of cloud across the sky, thinning out to the zenith."""
    width, height = picture.size[0], max(1, round(picture.size[1] * horizon))
    streaks = Image.new("L", (128, 128))
    for columns, rows in ((3, 9), (6, 18), (12, 40)):
        grain = Image.frombytes("L", (columns, rows), dice.randbytes(columns * rows))
        streaks = Image.blend(streaks, _scaled(grain, streaks.size), 0.45)
    cut = dice.randint(95, 130)
    streaks = _mapped(streaks, lambda level: 2 * max(0, level - cut))
    mask = _scaled(_denser_below(streaks), (width, height))
    picture.paste(palette.sun, (0, 0), mask)


def add_mountains(picture: Image.Image, palette: Palette, horizon: float, dice: Random) -> None:
    """Stack ridges in front of the horizon: each nearer, darker and standing in mist."""
    layers = dice.randint(3, 5)
    for layer in range(layers):
        depth = layer / layers
        top = horizon - 0.2 * (1 - depth) * dice.uniform(0.7, 1.2)
        outline = _ridge(top, 0.16 - 0.07 * depth, dice)
        colour = _mix(palette.far, palette.near, depth * 0.8)
        mist = _mix(colour, palette.sky[-1], 0.65)
        _fill(picture, [outline], (colour, mist), horizon)


def add_lake(picture: Image.Image, palette: Palette, horizon: float, dice: Random) -> None:
    """Mirror the land above the horizon in water that ripples more the nearer it is."""
    width, height = picture.size
    shore = round(height * horizon)
    if shore == height:
        return
    size = width, height - shore
    mirror = picture.crop((0, max(0, 2 * shore - height), width, shore))
    mirror = _scaled(mirror.transpose(Image.Transpose.FLIP_TOP_BOTTOM), size)
    mirror = mirror.filter(ImageFilter.BoxBlur((0, size[1] / 60)))
    water = Image.new("RGB", size, _mix(palette.near, palette.far, 0.3))
    mirror = Image.blend(mirror, water, 0.25)
    ripples = Image.frombytes("L", (6, 48), dice.randbytes(6 * 48))
    ripples = _denser_below(_mapped(ripples, lambda level: level / 5))
    mirror.paste(palette.sky[-1], (0, 0), _scaled(ripples, size))
    picture.paste(mirror, (0, shore))


def add_forest(picture: Image.Image, palette: Palette, dice: Random) -> None:
    """Close the view with a near bank of conifers."""
    bank = _ridge(dice.uniform(0.86, 0.93), 0.06, dice)
    trees = [_conifer(dice.choice(bank), dice.uniform(0.05, 0.17), dice) for _ in range(70)]
    ink = _mix(palette.near, palette.far, 0.12)
    _fill(picture, [bank, *trees], (ink, palette.near), 1.0)


def noise(size: Size, dice: Random) -> Image.Image:
    """Paint coloured grain of the coarseness of a latent."""
    grain = Image.frombytes("RGB", (32, 32), dice.randbytes(32 * 32 * 3))
    return _scaled(grain, size)


def _ridge(top: float, relief: float, dice: Random) -> Points:
    """Outline a ridge by midpoint displacement, closed below the picture."""
    heights = [dice.uniform(-1, 1), dice.uniform(-1, 1)]
    reach = 1.0
    for _ in range(8):
        reach *= 0.52
        middles = [sum(pair) / 2 + dice.uniform(-reach, reach) for pair in pairwise(heights)]
        heights = [*chain.from_iterable(zip(heights, middles, strict=False)), heights[-1]]
    last = len(heights) - 1
    line = [(index / last, top + relief * height) for index, height in enumerate(heights)]
    return [(0.0, 1.1), *line, (1.0, 1.1)]


def _conifer(foot: tuple[float, float], height: float, dice: Random) -> Points:
    """Outline a tree of tapering tiers; each side leans out and back in."""
    x, y = foot
    tiers, spread = 7, height * dice.uniform(0.16, 0.24)
    half = [
        (spread * tier / tiers * width, y + 0.01 - height * (1 - tier / tiers))
        for tier in range(tiers + 1)
        for width in (1.0, 0.5)
    ]
    return [(x - out, at) for out, at in half] + [(x + out, at) for out, at in reversed(half)]


def _fill(
    picture: Image.Image, outlines: Sequence[Points], colours: tuple[str, str], bottom: float
) -> None:
    """Fill shapes with a gradient from their highest point down to `bottom`, and no further."""
    width, height = picture.size
    top = round(height * max(0.0, min(y for outline in outlines for _, y in outline)))
    size = width, max(1, round(height * bottom) - top)
    mask = Image.new("L", (width * _SMOOTH, size[1] * _SMOOTH))
    pen = ImageDraw.Draw(mask)
    for outline in outlines:
        pen.polygon(
            [(x * width * _SMOOTH, (y * height - top) * _SMOOTH) for x, y in outline], fill=255
        )
    picture.paste(_gradient(colours, size), (0, top), mask.reduce(_SMOOTH))


def _stamp(
    picture: Image.Image, colour: str, shape: Image.Image, place: tuple[float, float], radius: float
) -> None:
    """Press a colour through a round shape; its radius is a fraction of the shorter side."""
    x, y = _pixels(place, picture.size)
    reach = max(1, round(radius * min(picture.size)))
    mask = _scaled(shape, (2 * reach, 2 * reach))
    picture.paste(colour, (round(x) - reach, round(y) - reach), mask)


def _glow(strength: float) -> Image.Image:
    """Fade from `strength` in the middle to nothing at the sides, not only in the corners."""
    return _mapped(
        Image.radial_gradient("L"),
        lambda level: 255 * strength * max(0.0, 1 - level / _RADIAL_AT_SIDE) ** 2,
    )


def _denser_below(mask: Image.Image) -> Image.Image:
    return ImageChops.multiply(mask, _scaled(Image.linear_gradient("L"), mask.size))


def _gradient(colours: Sequence[str], size: Size) -> Image.Image:
    levels = bytes(level for colour in colours for level in _rgb(colour))
    stops = Image.frombytes("RGB", (1, len(colours)), levels)
    return _scaled(stops, size)


def _scaled(image: Image.Image, size: Size) -> Image.Image:
    # Pillow's own types name numpy, which is not installed.
    return image.resize(size, Image.Resampling.BICUBIC)  # pyright: ignore[reportUnknownMemberType]


def _mapped(image: Image.Image, curve: Callable[[int], float]) -> Image.Image:
    levels = [round(curve(level)) for level in range(256)]
    return image.point(levels)  # pyright: ignore[reportUnknownMemberType] - as above


def _rgb(colour: str) -> tuple[int, int, int]:
    return ImageColor.getrgb(colour)[:3]


def _mix(first: str, second: str, share: float) -> str:
    """Blend two colours; `share` is how much of the second."""
    mixed = (round(a + (b - a) * share) for a, b in zip(_rgb(first), _rgb(second), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def _pixels(point: tuple[float, float], size: Size) -> tuple[float, float]:
    return point[0] * size[0], point[1] * size[1]
