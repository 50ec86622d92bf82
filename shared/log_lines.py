"""Lines of logs, as many as one answer holds."""

from collections.abc import Iterable

from shared.messages import LOG_CHARACTERS


def fitting(lines: Iterable[str]) -> list[str]:
    """As many of the first lines as have at most `LOG_CHARACTERS` with their ends."""
    kept: list[str] = []
    room = LOG_CHARACTERS
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept
