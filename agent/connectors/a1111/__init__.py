"""The connector to AUTOMATIC1111 and its forks: pictures by its REST interface."""

from agent.connectors.a1111.connector import A1111

__all__ = ["A1111"]
