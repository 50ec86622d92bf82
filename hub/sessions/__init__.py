"""Connections of agents: one WebSocket each, with one or more workers on it."""

from hub.sessions.connection import Connection, Socket
from hub.sessions.registry import Registry

__all__ = ["Connection", "Registry", "Socket"]
