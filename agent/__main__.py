"""The command line of the agent."""

import asyncio
import logging
import os
import signal
import sys
from argparse import REMAINDER, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from agent.app import Stop, serve
from agent.connectors import make_connectors
from agent.connectors.offers import NoConnectorError
from agent.link.connection import TokenRefusedError, WorkerIdTakenError
from agent.settings import AgentSettings
from shared.logs import set_up_logs
from shared.settings import read
from shared.version import VERSION

log = logging.getLogger("agent")

_ABOUT = """\
Runs jobs of an emp-job-queue hub on this machine.

`emp-agent run --help` lists the settings.
"""

_EXIT_CODES = """\
exit codes:
  0  told to stop by SIGTERM or SIGINT, and everything is handed in or given back
  1  broken: the log has the traceback
  2  a setting cannot be used
  3  the hub does not accept the token
  4  another agent has registered under the same worker id
  5  no connector can be used
"""

_CODES: dict[type[Exception], int] = {
    TokenRefusedError: 3,
    WorkerIdTakenError: 4,
    NoConnectorError: 5,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; the exit codes are those of its help."""
    parser = ArgumentParser(
        "emp-agent",
        description=_ABOUT,
        epilog=_EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("flags", nargs=REMAINDER, help="see `emp-agent run --help`")
    given = parser.parse_args(argv)
    settings = read(
        AgentSettings,
        given.flags,
        os.environ,
        "emp-agent run",
        "Runs jobs of a hub, until stopped.",
    )
    try:
        make_connectors(settings)
    except ValueError as problem:
        parser.error(str(problem))
    set_up_logs(settings.log_level, settings.log_format)
    sys.exit(_run(settings))


def _run(settings: AgentSettings) -> int:
    code = 0
    try:
        asyncio.run(_serve_until_signalled(settings))
    except* tuple(_CODES) as refusal:
        problem = refusal.exceptions[0]
        log.error("%s", problem)  # noqa: TRY400 - the message is all there is to know
        code = _CODES[type(problem)]
    return code


async def _serve_until_signalled(settings: AgentSettings) -> None:
    stop = Stop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, stop.ask)
    await serve(settings, make_connectors, stop)


if __name__ == "__main__":
    main()
