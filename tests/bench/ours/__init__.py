"""This queue as a side of the comparison: hub, agent, and a client that submits by REST."""

import sys

from tests.bench.peers.sides import Side

_COMMAND = (sys.executable, "-m", "tests.bench.ours")

OURS = Side("emp", _COMMAND, front=(*_COMMAND, "front"))
