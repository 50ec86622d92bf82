"""The connectors to services with a REST interface: with an answer at once, or later."""

from agent.connectors.rest.later import RestAsync
from agent.connectors.rest.sync import RestSync

__all__ = ["RestAsync", "RestSync"]
