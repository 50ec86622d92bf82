"""Asks the running agent over its socket, and prints what it answers."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import httpx

from agent.commands.finding import TellError, find_socket
from agent.commands.wishes import Wish
from agent.settings import AgentSettings
from shared.settings import Resolved

_ANSWER_S = 10


def tell(wish: Wish, resolved: Resolved[AgentSettings], out: TextIO) -> None:
    """Carry out a wish. Raises `TellError`."""
    path = find_socket(resolved)
    with _client(path) as agent:
        if wish.command == "logs":
            _logs(agent, wish, out)
        elif wish.command == "restart-engine":
            query = _query(engine=wish.engine, now="true" if wish.now else None)
            names = _json(agent.post("/api/control/restart-engine", params=query))["engines"]
            out.write("".join(f"{name} is started anew\n" for name in names))
        else:
            out.write(_told(agent, wish))


@contextmanager
def _client(path: Path) -> Generator[httpx.Client]:
    transport = httpx.HTTPTransport(uds=str(path))
    try:
        with httpx.Client(transport=transport, base_url="http://agent", timeout=_ANSWER_S) as agent:
            yield agent
    except httpx.HTTPError as problem:
        raise TellError(f"the agent at {path} does not answer: {problem}") from problem


def _told(agent: httpx.Client, wish: Wish) -> str:
    if wish.command == "status":
        answer = _json(agent.get("/api/status"))
    else:
        answer = _json(agent.post(f"/api/control/{wish.command}"))
    return f"{json.dumps(answer, indent=2)}\n" if wish.as_json else text_of(answer)


def _logs(agent: httpx.Client, wish: Wish, out: TextIO) -> None:
    query = _query(engine=wish.engine, lines=wish.lines, follow="true" if wish.follow else None)
    with agent.stream("GET", "/api/logs", params=query, timeout=_patience(wish)) as answer:
        if answer.is_error:
            answer.read()
            raise TellError(answer.json()["error"])
        try:
            for chunk in answer.iter_text():
                out.write(chunk)
                out.flush()
        except httpx.RemoteProtocolError:
            raise TellError("the agent has ended") from None
        except KeyboardInterrupt:
            return  # the way to end it


def _patience(wish: Wish) -> httpx.Timeout:
    return httpx.Timeout(_ANSWER_S, read=None if wish.follow else _ANSWER_S)


def _query(**values: int | str | None) -> dict[str, int | str]:
    return {name: value for name, value in values.items() if value is not None}


def _json(answer: httpx.Response) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    if answer.is_error:
        raise TellError(document["error"])
    return document


def text_of(status: dict[str, Any]) -> str:
    """The status for people."""
    hub = f"{'connected to' if status['connected'] else 'without a connection to'} {status['hub_url']}"
    doing = ["draining"] if status["leaving"] else ["paused"] if status["paused"] else []
    head = ", ".join(
        [
            f"emp-agent {status['version']}",
            f"process {status['pid']}",
            f"up {status['uptime_s']:.0f} s",
            hub,
            *doing,
        ]
    )
    lines = [head, *(_worker(each) for each in status["workers"])]
    lines += [_engine(each) for each in status["engines"]]
    if status["page"]:
        lines.append(f"status page: {status['page']}")
    return "".join(f"{line}\n" for line in lines)


def _worker(worker: dict[str, Any]) -> str:
    gpu = f", {worker['gpu']['name']}" if worker["gpu"] else ""
    jobs = f", runs {', '.join(worker['jobs'])}" if worker["jobs"] else ""
    note = f"\n  {worker['note']}" if worker["note"] else ""
    slots = f"{worker['used']} of {worker['slots']} slots used"
    return f"{worker['worker_id']}: {worker['status']}, {slots}{gpu}{jobs}{note}"


def _engine(engine: dict[str, Any]) -> str:
    where = f" at {engine['url']}" if engine["state"] == "ready" else ""
    pid = f", process {engine['pid']}" if engine["pid"] else ""
    problem = f"\n  {engine['problem']}" if engine["problem"] else ""
    name = f"engine {engine['number']}: {engine['name']} of {engine['worker_id']}"
    return f"{name} is {engine['state']}{where}{pid}, started {engine['starts']} times{problem}"
