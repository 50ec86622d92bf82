"""Settings of a program: one frozen attrs class, read from flags and the environment.

A flag beats the environment, the first of several variables beats the next, and an empty variable
counts as not set. What cannot be read ends the program with code 2 and a line that says why.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from attrs import NOTHING, Attribute, AttrsInstance, field, fields, frozen

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


def read(
    cls: type[T],
    argv: Sequence[str],
    environ: Mapping[str, str],
    prog: str,
    description: str,
) -> T:
    """The settings as `argv` (without the program) and `environ` give them, else the defaults."""
    parser = ArgumentParser(prog, description=description, allow_abbrev=False)
    kinds = get_type_hints(cls)
    for attribute in fields(cls):
        _add_flag(parser, attribute, kinds[attribute.name])
    given = vars(parser.parse_args(argv))
    try:
        return cls(
            **{
                attribute.name: _value(attribute, kinds[attribute.name], text)
                for attribute in fields(cls)
                if (text := _text(attribute, given[attribute.name], environ)) is not None
            }
        )
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
    elif attribute.default is None:
        default = "not set"
    else:
        default = f"default {attribute.default}"
    note = f"{about.help} [{', '.join(about.env)}; {default}]".replace("%", "%%")
    if kind is bool:
        parser.add_argument(_flag(attribute), nargs="?", const="true", metavar="BOOL", help=note)
    else:
        parser.add_argument(_flag(attribute), metavar="VALUE", help=note)


def _text(attribute: "Attribute[Any]", flag: str | None, environ: Mapping[str, str]) -> str | None:
    if flag is not None:
        return flag
    text = next((environ[name] for name in _about(attribute).env if environ.get(name)), None)
    if text is None and attribute.default is NOTHING:
        raise ValueError(f"{_where(attribute)} must be given: {_about(attribute).help}")
    return text


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
