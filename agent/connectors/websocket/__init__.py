"""The connector to a service that works over a WebSocket."""

from agent.connectors.websocket.connector import WebSocket

__all__ = ["WebSocket"]
