"""The ComfyUI connector: runs workflows in the API format on one ComfyUI."""

from agent.connectors.comfyui.connector import ComfyUI, is_answering
from agent.connectors.comfyui.settings import ComfyUISettings

__all__ = ["ComfyUI", "ComfyUISettings", "is_answering"]
