"""Names that settings have elsewhere: read in their own unit or words, or refused with what to do."""

from collections.abc import Callable, Mapping
from typing import Self


class Renamed(str):
    """A variable by which a setting is known elsewhere, whose text means the same in other words."""

    __slots__ = ("reword",)
    reword: Callable[[str], str]

    def __new__(cls, name: str, reword: Callable[[str], str]) -> Self:
        """The name, and how its text is put into ours."""
        self = super().__new__(cls, name)
        self.reword = reword
        return self


def scaled(name: str, factor: float) -> Renamed:
    """A variable in another unit: ours is `factor` times its number."""

    def reword(text: str) -> str:
        try:
            return f"{float(text) * factor:g}"
        except ValueError:
            return text  # whoever reads it says what is wrong

    return Renamed(name, reword)


def worded(name: str, words: Mapping[str, str]) -> Renamed:
    """A variable with other words for the same."""
    return Renamed(name, lambda text: words.get(text.lower(), text))


def text_of(name: str, environ: Mapping[str, str]) -> str:
    """What a variable says, in our words."""
    return name.reword(environ[name]) if isinstance(name, Renamed) else environ[name]


def refuse_retired(settings: type[object], environ: Mapping[str, str]) -> None:
    """Raise `ValueError` for variables of `RETIRED`, if the settings have it, each with what to do."""
    retired: Mapping[str, str] = getattr(settings, "RETIRED", {})
    found = [f"{name}: {instead}" for name, instead in retired.items() if environ.get(name)]
    if found:
        raise ValueError("what is not read any more must go: " + "; ".join(found))
