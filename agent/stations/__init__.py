"""The workers of this machine, each with its GPU, its engines and its connectors.

`posts` decides which there are, `station` keeps one of them fit for work and `introducing` says what
it is, `watched` guards a job against an engine that is dead or stuck, `wear` and `failures` judge what
must not go on, `journal` knows what ran, `keeping` has it outlive the agent.
"""

from agent.stations.failures import Failures
from agent.stations.journal import End, Entry, Journal, Past
from agent.stations.posts import Post, engines, is_started_here, posts
from agent.stations.station import MakeConnectors, Station

__all__ = [
    "End",
    "Entry",
    "Failures",
    "Journal",
    "MakeConnectors",
    "Past",
    "Post",
    "Station",
    "engines",
    "is_started_here",
    "posts",
]
