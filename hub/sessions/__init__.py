"""Connections of agents, clients and monitors: one WebSocket each."""

from hub.sessions.agent import AgentPeer
from hub.sessions.client import ClientPeer
from hub.sessions.connection import Connection
from hub.sessions.ends import Socket
from hub.sessions.registry import Registry

__all__ = ["AgentPeer", "ClientPeer", "Connection", "Registry", "Socket"]
