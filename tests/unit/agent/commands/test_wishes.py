"""The command lines of what is told to a running agent."""

import pytest

from agent.commands import Wish, wish_of


@pytest.mark.parametrize(
    ("line", "wish", "left"),
    [
        ("status", Wish(command="status"), []),
        (
            "status --json --state-dir /s",
            Wish(command="status", as_json=True),
            ["--state-dir", "/s"],
        ),
        ("pause --worker-id 1", Wish(command="pause"), ["--worker-id", "1"]),
        ("restart-engine", Wish(command="restart-engine"), []),
        ("restart-engine 1 --now", Wish(command="restart-engine", engine=1, now=True), []),
        ("restart-engine --state-dir 1", Wish(command="restart-engine"), ["--state-dir", "1"]),
        ("logs -f --engine 0 --lines 5", Wish(command="logs", engine=0, lines=5, follow=True), []),
        ("run --once", None, ["--once"]),
    ],
)
def test_own_flags_are_taken_and_settings_are_left(
    line: str, wish: Wish | None, left: list[str]
) -> None:
    command, *argv = line.split()
    assert wish_of(command, argv) == (wish, left)


@pytest.mark.parametrize("line", ["logs --engine -1", "logs --lines many"])
def test_what_is_no_number_ends_with_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *argv = line.split()
    with pytest.raises(SystemExit) as end:
        wish_of(command, argv)
    assert end.value.code == 2
    assert argv[0] in capsys.readouterr().err
