"""What a command for the running agent wants, as its command line says it."""

from argparse import ArgumentParser
from collections.abc import Sequence

from attrs import frozen

TOLD = ("status", "pause", "resume", "drain", "restart-engine", "logs")
_MOST_LINES = 1000


@frozen(kw_only=True)
class Wish:
    """A command and its own flags."""

    command: str
    as_json: bool = False
    engine: int | None = None
    lines: int = 100
    follow: bool = False
    now: bool = False


def wish_of(command: str, argv: Sequence[str]) -> tuple[Wish | None, list[str]]:
    """The wish, and what is left of the line for the settings; no wish for other commands."""
    left = list(argv)
    if command not in TOLD:
        return None, left
    if command == "restart-engine" and left and left[0].isdigit():
        left.insert(0, "--engine")
    parser = ArgumentParser(f"emp-agent {command}", add_help=False, allow_abbrev=False)
    if command == "status":
        parser.add_argument("--json", dest="as_json", action="store_true")
    if command in ("restart-engine", "logs"):
        parser.add_argument("--engine", type=_natural)
    if command == "restart-engine":
        parser.add_argument("--now", action="store_true")
    if command == "logs":
        parser.add_argument("--lines", type=_natural, default=Wish(command="").lines)
        parser.add_argument("--follow", "-f", action="store_true")
    given, left = parser.parse_known_args(left)
    return Wish(command=command, **vars(given)), left


def _natural(text: str) -> int:
    """A whole number."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number
