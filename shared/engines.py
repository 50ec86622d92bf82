"""Engines, as workers tell them."""

from attrs import frozen


@frozen
class Engine:
    """What runs the jobs of a worker. `version` is None where it does not say."""

    name: str  # such as comfyui
    version: str | None = None
