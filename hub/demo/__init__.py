"""`emp-hub demo`: a hub, an agent and one real workflow on this machine, no GPU needed.

It speaks to the hub through REST alone, as any client would.
"""

import asyncio
from collections.abc import Mapping, Sequence

from hub.demo.options import read_options
from hub.demo.run import run_demo

__all__ = ["main", "run_demo"]


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the demo as `argv`, the words after `demo`, asks, and return the exit status."""
    return asyncio.run(run_demo(read_options(argv, environ)))
