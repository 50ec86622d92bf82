"""Server-sent events, read from the bytes of a response."""

from collections.abc import AsyncGenerator, AsyncIterable

from attrs import frozen


@frozen(kw_only=True)
class ServerEvent:
    """One event of a stream; what it did not say is empty."""

    id: str = ""
    event: str = ""
    data: str = ""


async def read_events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[ServerEvent]:
    """Read the events in `chunks`; one that a cut left without its blank line is dropped."""
    lines: list[str] = []
    rest = b""
    async for chunk in chunks:
        # Not splitlines(): JSON may hold characters that Python takes for line ends.
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines.append(line.removesuffix(b"\r").decode())
            if not lines[-1]:
                event = _event(lines)
                lines = []
                if event.data:
                    yield event


def _event(lines: list[str]) -> ServerEvent:
    found: dict[str, list[str]] = {"id": [""], "event": [""], "data": []}
    for line in lines:
        name, _, value = line.partition(":")  # a comment has an empty name
        found.get(name, []).append(value.removeprefix(" "))
    return ServerEvent(id=found["id"][-1], event=found["event"][-1], data="\n".join(found["data"]))
