"""The settings of the connectors, by the names that the original gave them."""

from agent.connector_settings.a1111 import A1111Settings

__all__ = ["A1111Settings"]
