"""The command line of the agent."""

import asyncio
import logging
import os
import signal
import sys
from argparse import REMAINDER, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from agent.app import Attend, serve
from agent.commands import TOLD, TellError, Wish, wish_of
from agent.connectors import make_connectors
from agent.connectors.offers import NoConnectorError
from agent.desk import Desk, SocketTakenError, answer, listening, socket_path
from agent.doctor import examine
from agent.install import InstallError, install, uninstall
from agent.inventory import without_provider
from agent.leaving import Stop
from agent.link.connection import TokenRefusedError, WorkerIdTakenError
from agent.link.enrolment import EnrolmentError, enrol, with_credential
from agent.settings import AgentSettings
from agent.single_file import clear_up, end_with_unpacker
from agent.status_page import attending
from shared.logs import set_up_logs
from shared.settings import Resolved, resolve
from shared.states import Reason
from shared.version import VERSION

log = logging.getLogger("agent")

_ABOUT = """\
Runs jobs of an emp-job-queue hub on this machine.

  run     take jobs until told to stop
  install    become a worker of a hub, and stay one; uninstall ends that
  enrol   become a machine of the hub: --enrolment-token T, --hub-url URL
  config  print the settings with their sources, secrets masked
  doctor  look at everything that could keep this machine from working, and say what helps

To an agent that runs on this machine (with its settings, by the same user):

  status [--json]              what it does, its workers and engines
  pause, resume                take no new job and finish what runs; take jobs again
  drain                        take no new job, finish what runs, and end
  restart-engine [N] [--now]   start engines anew when what runs has ended; --now: give it back
  logs [--engine N] [--lines N] [--follow]   what engines have written

`emp-agent run --help` lists the settings, which are the same for all.
"""

_EXIT_CODES = """\
exit codes:
  0  told to stop by SIGTERM or SIGINT, or by --once, --max-jobs, --max-uptime-s or
     --exit-after-idle-s, and everything is handed in or given back (--done-code)
  1  broken: the log has the traceback
  2  a setting cannot be used
  3  the hub does not accept the token, or the machine cannot be enrolled
  4  another agent has registered under the same worker id
  5  no worker is fit for work: the log says why and what helps
  6  doctor has found something that keeps a worker from working
  7  the machine is taken away, and everything is given back
  8  what was installed does not run, or has not reached the hub: what it wrote is shown
  9  no agent runs here that this user may tell anything, or it cannot do what it is told
"""

FILES = (Path("~/.emp-agent/agent.toml").expanduser(), Path("/etc/emp-agent.toml"))
Command = Callable[[Resolved[AgentSettings]], int]
_NOT_FIT, _TAKEN_AWAY = 6, 7
_CODES: dict[type[Exception], int] = {
    TokenRefusedError: 3,
    EnrolmentError: 3,
    InstallError: 8,
    TellError: 9,
    WorkerIdTakenError: 4,
    NoConnectorError: 5,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; the exit codes are those of its help."""
    end_with_unpacker()
    parser = ArgumentParser(
        "emp-agent",
        description=_ABOUT,
        epilog=_EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("command", choices=["config", *_COMMANDS, *TOLD])
    parser.add_argument("flags", nargs=REMAINDER, help="see `emp-agent run --help`")
    given = parser.parse_args(argv)
    wish, flags = wish_of(given.command, given.flags)
    resolved = resolve(
        AgentSettings,
        flags,
        without_provider(os.environ),
        f"emp-agent {given.command}",
        "Settings, each by flag, by environment variable, or in a TOML file by its flag's name "
        "with underscores.",
        FILES,
    )
    settings = resolved.settings
    if given.command == "config":
        print("\n".join(resolved.lines()))  # noqa: T201 - what was asked for
        return
    set_up_logs(settings.log_level, settings.log_format)
    if wish is not None:
        sys.exit(_code(partial(_tell, wish), resolved))
    try:
        make_connectors(settings)
    except ValueError as problem:
        parser.error(str(problem))
    sys.exit(_code(_COMMANDS[given.command], resolved))


def _code(command: Command, resolved: Resolved[AgentSettings]) -> int:
    """The exit code of a command; what it refuses is told in one line."""
    code = 1
    try:
        code = command(resolved)
    except* tuple(_CODES) as refusal:
        problem = refusal.exceptions[0]
        log.error("%s", problem)  # noqa: TRY400 - the message is all there is to know
        code = _CODES[type(problem)]
    return code


def _run(resolved: Resolved[AgentSettings]) -> int:
    clear_up()
    attend = partial(_attend, resolved.rows())
    stop = asyncio.run(_serve_until_signalled(with_credential(resolved.settings), attend))
    return _TAKEN_AWAY if stop.reason is Reason.PREEMPTED else resolved.settings.done_code


def _examine(resolved: Resolved[AgentSettings]) -> int:
    text, is_fit = asyncio.run(examine(resolved.settings, make_connectors))
    print(text)  # noqa: T201 - a report on request
    return 0 if is_fit else _NOT_FIT


def _enrol(resolved: Resolved[AgentSettings]) -> int:
    credential = enrol(resolved.settings)
    print(f"enrolled at {credential.hub_url} as machine {credential.machine_id}")  # noqa: T201 - what was asked for
    return 0


def _install(resolved: Resolved[AgentSettings]) -> int:
    print(install(resolved))  # noqa: T201 - what was asked for
    return 0


def _uninstall(resolved: Resolved[AgentSettings]) -> int:
    print(uninstall(resolved.settings))  # noqa: T201 - what was asked for
    return 0


def _tell(wish: Wish, resolved: Resolved[AgentSettings]) -> int:
    from agent.commands.telling import tell  # noqa: PLC0415 - a running agent starts without httpx

    tell(wish, resolved, sys.stdout)
    return 0


_COMMANDS: dict[str, Command] = {
    "run": _run,
    "enrol": _enrol,
    "install": _install,
    "uninstall": _uninstall,
    "doctor": _examine,
}


async def _serve_until_signalled(settings: AgentSettings, attend: Attend) -> Stop:
    stop = Stop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, stop.ask)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.leave)
    await serve(settings, make_connectors, stop, attend)
    return stop


async def _attend(rows: Sequence[tuple[str, str, str]], desk: Desk) -> None:
    """Open the doors for people at this machine. An agent works without them, too."""
    desk.settings_rows = rows
    async with AsyncExitStack() as doors:
        if desk.settings.dashboard_enabled:
            try:
                await doors.enter_async_context(attending(desk))
            except (OSError, EnrolmentError) as problem:
                log.error("there is no status page (WORKER_DASHBOARD_PORT): %s", problem)  # noqa: TRY400 - it says it all
        try:
            await doors.enter_async_context(
                listening(socket_path(desk.settings), partial(answer, desk))
            )
        except SocketTakenError as problem:
            log.error("commands do not reach this agent: %s", problem)  # noqa: TRY400 - it says it all
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
