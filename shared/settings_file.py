"""A TOML file of settings: one key for each, by the name of its field."""

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import cast


def find_file(given: str | None, usual: Sequence[Path]) -> Path | None:
    """The file that is given, else the first of the usual ones that exists."""
    if given:
        return Path(given).expanduser()
    return next((path for path in usual if path.is_file()), None)


def read_file(path: Path, names: Collection[str]) -> dict[str, str]:
    """The settings of a file, as text. Raises `ValueError` that names the file and the key."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from None
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{path} is not TOML: {problem}") from None
    for name in content:
        if name not in names:
            raise ValueError(f"{path}: {name} is not a setting; there are {', '.join(names)}")
    return {name: _text(path, name, value) for name, value in content.items()}


def written(texts: Mapping[str, str]) -> str:
    """A file that says this: JSON's strings are TOML's."""
    return "".join(f"{name} = {json.dumps(text)}\n" for name, text in sorted(texts.items()))


def _text(path: Path, name: str, value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case list():
            return ",".join(_text(path, name, each) for each in cast("list[object]", value))
        case _:
            raise ValueError(f"{path}: {name} must be text, a number, true, false or a list")
