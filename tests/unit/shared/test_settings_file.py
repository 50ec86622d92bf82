"""Settings from a TOML file, and where each was found."""

from pathlib import Path

import pytest
from attrs import frozen

from shared.settings import Resolved, resolve, setting, variables


@frozen
class Example:
    port: int = setting(("HUB_PORT", "PORT"), 8000, "where it listens")
    loud: bool = setting("LOUD", False, "say more")
    tags: tuple[str, ...] = setting("TAGS", (), "names with commas between")
    token: str | None = setting("TOKEN", None, "a secret", secret=True)
    note: str | None = setting("NOTE", None, "anything")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "example.toml"


def example(path: Path, *argv: str, **environ: str) -> Resolved[Example]:
    return resolve(Example, argv, environ, "example", "An example.", [path])


def test_a_flag_goes_before_a_variable_and_that_before_the_file(path: Path) -> None:
    path.write_text('port = 1\nloud = true\ntags = ["a", "b"]\ntoken = "open sesame"\n')
    got = example(path, "--port=3", LOUD="no")
    assert got.settings == Example(3, False, ("a", "b"), "open sesame")  # noqa: FBT003
    assert got.lines() == [
        "loud = False  # environment LOUD",
        "note = None  # default",
        "port = 3  # flag --port",
        f"tags = ('a', 'b')  # file {path}",
        f"token = ***  # file {path}",
    ]


def test_a_secret_that_is_not_set_is_seen_to_be_so(path: Path) -> None:
    assert "token = None  # default" in example(path).lines()


def test_the_file_may_be_named(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("port = 2")
    path.write_text("port = 1")
    assert example(path, f"--config={other}").settings.port == 2
    assert example(path).settings.port == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = ", "is not TOML"),
        ("prt = 1", "prt is not a setting; there are port, loud"),
        ("[port]\nx = 1", "port must be text, a number, true, false or a list"),
        ('port = "x"', "--port (HUB_PORT, PORT): cannot take 'x': a whole number is needed"),
    ],
)
def test_what_cannot_be_used_is_named(
    path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(text)
    with pytest.raises(SystemExit) as end:
        example(path)
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        example(path, "--config=/nowhere/x.toml")
    assert "/nowhere/x.toml cannot be read: No such file" in capsys.readouterr().err


def test_the_variables_of_all_settings_are_known() -> None:
    assert variables(Example) == ("HUB_PORT", "PORT", "LOUD", "TAGS", "TOKEN", "NOTE")
