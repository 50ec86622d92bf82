"""Settings from flags and environment."""

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from attrs.validators import in_, le

from shared.settings import read, setting


def _colour(text: str) -> str:
    if text not in {"red", "green"}:
        raise ValueError("red or green is needed")
    return text


@frozen
class Example:
    port: int = setting(("HUB_PORT", "PORT"), 8000, "where it listens, 100 %", validator=le(65535))
    pace_s: float = setting("PACE_S", 1.0, "seconds between two looks")
    loud: bool = setting("LOUD", False, "say more")
    data_dir: Path = setting("DATA_DIR", Path("data"), "where files go")
    tags: tuple[str, ...] = setting("TAGS", (), "names with commas between")
    url: str | None = setting("URL", None, "an address")
    colour: str = setting("COLOUR", "red", "a colour", parse=_colour)
    mode: str = setting("MODE", "fast", "fast or slow", validator=in_(("fast", "slow")))
    token: str | None = setting("TOKEN", None, "a secret", secret=True)
    pin: int = setting("PIN", 7, "at most 9", secret=True, validator=le(9))

    def __attrs_post_init__(self) -> None:
        if self.loud and self.mode == "slow":
            raise ValueError("--loud (LOUD) does not go with --mode slow (MODE)")


@frozen
class Strict:
    key: str = setting("KEY", help="who may enter", secret=True)


@frozen(slots=False)
class Basic:
    log: str = setting("LOG", "info", "what to log")


@frozen(slots=False)
class Cleaning:
    pause_s: float = setting("PAUSE_S", 1.0, "seconds between two rounds")


@frozen(kw_only=True, slots=False)
class Housekeeping(Cleaning, Basic):
    folder: str = setting("FOLDER", "x", "what is kept")
    depth: int = setting("DEPTH", 1, "how deep")


@frozen(kw_only=True)
class Server(Housekeeping):
    port: int = setting("PORT", 80, "where it listens")


@frozen
class Shown:
    places: tuple[str, ...] = setting("PLACES", ("here", "there"), "where")
    nobody: tuple[str, ...] = setting("NOBODY", (), "who")
    more: str = setting("MORE", "", "what else")
    number: int = setting("NUMBER", 0, "how many")


def example(*argv: str, **environ: str) -> Example:
    return read(Example, argv, environ, "example", "An example.")


def test_without_flags_and_environment_the_defaults_hold() -> None:
    assert example() == Example()


def test_every_kind_is_read_from_the_environment() -> None:
    got = example(
        HUB_PORT="1",
        PACE_S="0.5",
        LOUD="yes",
        DATA_DIR="/var/lib/example",
        TAGS="a, b,",
        URL="here",
        COLOUR="green",
        TOKEN="t",
    )
    assert got == Example(
        port=1,
        pace_s=0.5,
        loud=True,
        data_dir=Path("/var/lib/example"),
        tags=("a", "b"),
        url="here",
        colour="green",
        token="t",
    )


def test_a_flag_beats_the_environment() -> None:
    assert example("--port", "2", HUB_PORT="1").port == 2


def test_the_first_variable_that_is_set_wins_and_an_empty_one_is_not_set() -> None:
    assert example(HUB_PORT="1", PORT="2").port == 1
    assert example(HUB_PORT="", PORT="2").port == 2


@pytest.mark.parametrize(
    ("argv", "loud"),
    [(["--loud"], True), (["--loud=off"], False), (["--loud", "0"], False), ([], True)],
)
def test_a_switch_takes_a_value_or_stands_alone(argv: list[str], *, loud: bool) -> None:
    assert example(*argv, LOUD="TRUE").loud is loud


def test_a_home_directory_is_written_as_a_tilde() -> None:
    assert example(DATA_DIR="~/x").data_dir == Path.home() / "x"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PORT": "x"}, "--port (HUB_PORT, PORT): cannot take 'x': a whole number is needed"),
        ({"PORT": "70000"}, "--port (HUB_PORT, PORT): cannot take '70000': 'port' must be <= "),
        ({"PACE_S": "soon"}, "--pace-s (PACE_S): cannot take 'soon': a number is needed"),
        ({"PACE_S": "nan"}, "--pace-s (PACE_S): cannot take 'nan': a number is needed"),
        ({"LOUD": "2"}, "--loud (LOUD): cannot take '2': one of true, 1, yes, on, false"),
        ({"COLOUR": "blue"}, "--colour (COLOUR): cannot take 'blue': red or green is needed"),
        ({"MODE": "x"}, "--mode (MODE): cannot take 'x': 'mode' must be in ('fast', 'slow')"),
        ({"LOUD": "1", "MODE": "slow"}, "--loud (LOUD) does not go with --mode slow (MODE)"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_the_remedy(
    environ: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        example(**environ)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_tells_a_program_s_own_settings_first_and_then_what_it_builds_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        read(Server, ["--help"], {}, "server", "A server.")
    told = re.findall(r"^  --([a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert told == ["port", "folder", "depth", "pause-s", "log"]


def test_help_shows_what_a_flag_would_say_for_the_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        read(Shown, ["--help"], {}, "shown", "A program.")
    told = capsys.readouterr().out
    assert told.startswith("usage: shown [flags]\n\nA program.\n")
    assert re.findall(r"\[([A-Z]+; .+)\]", told) == [
        "PLACES; default here,there",
        "NOBODY; not set",
        "MORE; not set",
        "NUMBER; default 0",
    ]


def test_a_bad_flag_is_refused_like_a_bad_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        example("--port=x")
    assert "--port (HUB_PORT, PORT): cannot take 'x'" in capsys.readouterr().err


def test_a_missing_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(Strict, [], {}, "strict", "")
    assert "--key (KEY) must be given: who may enter" in capsys.readouterr().err
    assert read(Strict, ["--key=k"], {}, "strict", "").key == "k"


def test_a_secret_never_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert "hush" not in repr(example(TOKEN="hush"))
    assert "token=***" in repr(example(TOKEN="hush"))
    assert "token=None" in repr(example())
    with pytest.raises(SystemExit):
        example(PIN="1234")
    shown = capsys.readouterr().err
    assert "1234" not in shown
    assert "--pin (PIN): cannot take ***: at most 9" in shown


def test_help_tells_variables_and_defaults_but_no_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        example("--help")
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert "where it listens, 100 % [HUB_PORT, PORT; default 8000]" in shown
    assert "an address [URL; not set]" in shown
    assert "a secret [TOKEN; secret]" in shown
    assert "at most 9 [PIN; secret]" in shown


def test_a_required_setting_is_marked_in_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        read(Strict, ["--help"], {}, "strict", "")
    assert "who may enter [KEY; required]" in capsys.readouterr().out


def test_a_kind_that_cannot_be_read_from_text_is_a_mistake_of_the_class() -> None:
    @frozen
    class Odd:
        thing: dict[str, Any] = setting("THING", None)

    with pytest.raises(KeyError):
        read(Odd, ["--thing=x"], {}, "odd", "")
