"""The workers of this machine, each with its GPU, its engines and its connectors.

`posts` decides which there are, `station` keeps one of them fit for work, `watched` guards a job
against an engine that is dead or stuck, `failures` judges what has failed again and again.
"""

from agent.stations.failures import Failures
from agent.stations.posts import Post, engines, is_started_here, posts
from agent.stations.station import MakeConnectors, Station

__all__ = ["Failures", "MakeConnectors", "Post", "Station", "engines", "is_started_here", "posts"]
