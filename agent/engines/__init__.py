"""The engines that the agent starts and looks after: ComfyUI, A1111 and its forks.

`recipes` says how each is started, `process` runs it, `readiness` knows when it serves,
`supervisor` keeps it up.
"""

from agent.engines.environment import plain_environ
from agent.engines.ports import is_free
from agent.engines.recipes import KINDS, MAIN, EngineSettings, Recipe, python_of
from agent.engines.supervisor import EngineState, Limits, Supervisor

__all__ = [
    "KINDS",
    "MAIN",
    "EngineSettings",
    "EngineState",
    "Limits",
    "Recipe",
    "Supervisor",
    "is_free",
    "plain_environ",
    "python_of",
]
