"""`emp-hub`: serve a hub, or show the whole way of a job in one command."""

import os
import sys

import uvloop

from hub.settings import HubSettings
from shared.logs import set_up_logs
from shared.settings import read
from shared.version import VERSION

USAGE = """usage: emp-hub COMMAND [flags]

  serve   run a hub
  doctor  look at the queue: store, periodic work, every index
  demo    run a hub and an agent, and one job through both

emp-hub COMMAND --help tells the flags of each; emp-hub --version the version.
"""


def main() -> None:
    """The console script."""
    command, *flags = sys.argv[1:] or ["--help"]
    if command == "serve":
        sys.exit(serve(flags))
    if command == "doctor":
        sys.exit(doctor(flags))
    if command == "demo":
        from hub.demo import main as demo  # noqa: PLC0415 - a serving hub needs none of it

        sys.exit(demo(flags, os.environ))
    if command == "--version":
        sys.stdout.write(f"emp-hub {VERSION}\n")
    elif command in ("--help", "-h"):
        sys.stdout.write(USAGE)
    else:
        sys.stderr.write(f"emp-hub: {command!r} is not a command\n{USAGE}")
        sys.exit(2)


def serve(flags: list[str]) -> int:
    """Run a hub; the exit code: 0 when told to stop, 1 when it cannot run, 2 when it must not."""
    from hub.app import serve as serve_hub  # noqa: PLC0415 - `--help` should not wait for it
    from hub.doors import DoorsError  # noqa: PLC0415
    from hub.store.client import StoreUnavailableError  # noqa: PLC0415
    from hub.store.instance import UnfitStoreError  # noqa: PLC0415
    from hub.store.server import EmbeddedServerError  # noqa: PLC0415

    settings = read(HubSettings, flags, os.environ, "emp-hub serve", "Run a hub.")
    if settings.contradiction:
        sys.stderr.write(f"emp-hub: {settings.contradiction}\n")
        return 2
    set_up_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(serve_hub(settings))
    except (
        DoorsError, EmbeddedServerError, StoreUnavailableError, UnfitStoreError, OSError,
    ) as problem:  # fmt: skip
        sys.stderr.write(f"emp-hub: {problem}\n")
        return 1
    return 0


def doctor(flags: list[str]) -> int:
    """Say what is found; the exit code: 0 when all is well, 1 when not or nothing could be seen."""
    from hub.doctor import examine  # noqa: PLC0415 - as above
    from hub.store.client import StoreUnavailableError  # noqa: PLC0415
    from hub.store.server import EmbeddedServerError  # noqa: PLC0415

    settings = read(HubSettings, flags, os.environ, "emp-hub doctor", "Look at a queue.")

    async def all_well() -> bool:
        verdicts: list[bool] = []
        async for finding in examine(settings):
            sys.stdout.write(f"{finding}\n")
            verdicts.append(finding.is_well)
        return all(verdicts)

    try:
        return 0 if uvloop.run(all_well()) else 1
    except (EmbeddedServerError, StoreUnavailableError, OSError) as problem:
        sys.stderr.write(f"emp-hub: {problem}\n")
        return 1


if __name__ == "__main__":
    main()
