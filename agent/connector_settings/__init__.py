"""The settings of the connectors, by the names that the original gave them."""

from attrs import frozen

from agent.connector_settings.a1111 import A1111Settings
from agent.connector_settings.comfyui import ComfyUIOptions
from agent.connector_settings.rest_async import RestAsyncSettings
from agent.connector_settings.rest_sync import RestSyncSettings
from agent.connector_settings.simulation import SimulationOptions
from agent.connector_settings.websocket import WebSocketSettings

__all__ = [
    "A1111Settings",
    "ComfyUIOptions",
    "ConnectorSettings",
    "RestAsyncSettings",
    "RestSyncSettings",
    "SimulationOptions",
    "WebSocketSettings",
]


@frozen(kw_only=True)
class ConnectorSettings(
    ComfyUIOptions,
    A1111Settings,
    SimulationOptions,
    RestSyncSettings,
    RestAsyncSettings,
    WebSocketSettings,
):
    """The settings of every connector."""
