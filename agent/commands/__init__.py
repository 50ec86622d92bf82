"""What is told to an agent that runs on this machine: `emp-agent status`, `pause`, ...

`wishes` reads the command line, `finding` finds the agent's socket, `telling` asks and prints.
"""

from agent.commands.finding import TellError
from agent.commands.wishes import TOLD, Wish, wish_of

__all__ = ["TOLD", "TellError", "Wish", "wish_of"]
