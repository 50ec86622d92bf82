"""Settings of a program: one frozen attrs class, read from flags and the environment.

A flag beats the environment, the first of several variables beats the next, and an empty variable
counts as not set. What cannot be read ends the program with code 2 and a line that says why.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from attrs import NOTHING, Attribute, AttrsInstance, field, fields, frozen

from shared.settings_file import find_file, read_file
from shared.settings_names import refuse_retired, text_of
from shared.settings_order import in_order

T = TypeVar("T", bound=AttrsInstance)

_MASK = "***"


@frozen
class _Setting:
    env: tuple[str, ...]
    help: str
    secret: bool
    parse: Callable[[str], object] | None


def setting(
    env: str | tuple[str, ...],
    default: object = NOTHING,
    help: str = "",  # noqa: A002 - argparse's word for it
    *,
    secret: bool = False,
    parse: Callable[[str], object] | None = None,
    validator: Any = None,
) -> Any:
    """A field that `read` can fill; without a default it must be given.

    `parse` makes the value from text where the annotation does not say how (str, int, float,
    bool, Path, tuple[str, ...], each also with `| None`); it raises ValueError with a message.
    """
    names = (env,) if isinstance(env, str) else env
    return field(
        default=default,
        validator=validator,
        repr=_masked if secret else True,
        metadata={_Setting: _Setting(names, help, secret, parse)},
    )


@frozen
class Resolved(Generic[T]):
    """Settings, where each was found (a flag, a variable, the file, or the default), and the text
    that was found there."""

    settings: T
    sources: dict[str, str]
    texts: dict[str, str] = field(repr=False)  # secrets among them

    def lines(self) -> list[str]:
        """Every setting with its source, secrets masked, by name."""
        return [f"{name} = {value}  # {source}" for name, value, source in self.rows()]

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and source of every setting, secrets masked, by name."""
        return sorted(
            (attribute.name, self._shown(attribute), self.sources[attribute.name])
            for attribute in fields(type(self.settings))
        )

    def _shown(self, attribute: "Attribute[Any]") -> str:
        value = getattr(self.settings, attribute.name)
        return _MASK if _about(attribute).secret and value is not None else repr(value)


def read(
    cls: type[T],
    argv: Sequence[str],
    environ: Mapping[str, str],
    prog: str,
    description: str,
) -> T:
    """The settings as `argv` (without the program) and `environ` give them, else the defaults."""
    return resolve(cls, argv, environ, prog, description).settings


def resolve(
    cls: type[T],
    argv: Sequence[str],
    environ: Mapping[str, str],
    prog: str,
    description: str,
    files: Sequence[Path] | None = None,
) -> Resolved[T]:
    """The settings with their sources.

    With `files` there is a flag `--config` for a TOML file, and the first of `files` that exists
    is read without it; a flag and a variable go before the file.
    """
    parser = ArgumentParser(prog, "%(prog)s [flags]", description, allow_abbrev=False)
    attributes, kinds = in_order(cls), get_type_hints(cls)
    if files is not None:
        note = f"a TOML file of settings [default {', '.join(map(str, files))}]"
        parser.add_argument("--config", metavar="FILE", help=note)
    for attribute in attributes:
        _add_flag(parser, attribute, kinds[attribute.name])
    given = vars(parser.parse_args(argv))
    try:
        refuse_retired(cls, environ)
        written = _written(cls, given.get("config"), files)
        found = {each.name: _found(each, given[each.name], environ, written) for each in attributes}
        texts = {name: text for name, (text, _) in found.items() if text is not None}
        values = {
            each.name: _value(each, kinds[each.name], texts[each.name])
            for each in attributes
            if each.name in texts
        }
        return Resolved(cls(**values), {name: source for name, (_, source) in found.items()}, texts)
    except ValueError as error:
        parser.error(str(error))


def variables(cls: type[AttrsInstance]) -> tuple[str, ...]:
    """The names of all environment variables that the settings of a program are read from."""
    return tuple(name for attribute in fields(cls) for name in _about(attribute).env)


def _add_flag(parser: ArgumentParser, attribute: "Attribute[Any]", kind: object) -> None:
    about = _about(attribute)
    if attribute.default is NOTHING:
        default = "required"
    elif about.secret:
        default = "secret"
    elif attribute.default in (None, "", (), {}):
        default = "not set"
    else:
        given = attribute.default
        default = f"default {','.join(given) if kind == tuple[str, ...] else given}"
    note = f"{about.help} [{', '.join(about.env)}; {default}]".replace("%", "%%")
    if kind is bool:
        parser.add_argument(_flag(attribute), nargs="?", const="true", metavar="BOOL", help=note)
    else:
        parser.add_argument(_flag(attribute), metavar="VALUE", help=note)


def _written(
    cls: type[AttrsInstance], given: str | None, files: Sequence[Path] | None
) -> dict[str, tuple[str, str]]:
    """What the file says, and its name with it."""
    path = find_file(given, files or ())
    if path is None:
        return {}
    texts = read_file(path, [attribute.name for attribute in fields(cls)])
    return {name: (text, f"file {path}") for name, text in texts.items()}


def _found(
    attribute: "Attribute[Any]",
    flag: str | None,
    environ: Mapping[str, str],
    written: Mapping[str, tuple[str, str]],
) -> tuple[str | None, str]:
    """The text of a setting, if it is given, and where."""
    if flag is not None:
        return flag, f"flag {_flag(attribute)}"
    name = next((name for name in _about(attribute).env if environ.get(name)), None)
    if name is not None:
        return text_of(name, environ), f"environment {name}"
    if attribute.name in written:
        return written[attribute.name]
    if attribute.default is NOTHING:
        raise ValueError(f"{_where(attribute)} must be given: {_about(attribute).help}")
    return None, "default"


def _value(attribute: "Attribute[Any]", kind: object, text: str) -> object:
    about = _about(attribute)
    try:
        value = (about.parse or _parser(kind))(text)
        if attribute.validator is not None:
            attribute.validator(None, attribute, value)
    except (TypeError, ValueError) as error:
        shown = _MASK if about.secret else repr(text)
        why = about.help if about.secret else str(error.args[0])
        raise ValueError(f"{_where(attribute)}: cannot take {shown}: {why}") from None
    return value


def _parser(kind: object) -> Callable[[str], object]:
    kinds = [part for part in get_args(kind) if part is not type(None)]
    return _PARSERS[kinds[0] if type(None) in get_args(kind) else kind]


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number is needed") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError("a number is needed")
    return value


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True}
    words |= {"false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"one of {', '.join(words)} is needed")
    return words[text.lower()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_PARSERS: dict[object, Callable[[str], object]] = {
    str: str,
    int: _whole,
    float: _number,
    bool: _truth,
    Path: lambda text: Path(text).expanduser(),
    tuple[str, ...]: _list,
}


def _about(attribute: "Attribute[Any]") -> _Setting:
    return attribute.metadata[_Setting]


def _flag(attribute: "Attribute[Any]") -> str:
    return "--" + attribute.name.replace("_", "-")


def _where(attribute: "Attribute[Any]") -> str:
    return f"{_flag(attribute)} ({', '.join(_about(attribute).env)})"


def _masked(value: object) -> str:
    return repr(value) if value is None else _MASK
