"""Files of models on this machine: how large they are, and their SHA-256 as soon as it is known."""

from agent.models.digests import FILE as DIGESTS
from agent.models.digests import Digests
from agent.models.folders import folders
from agent.models.shelf import Shelf

__all__ = ["DIGESTS", "Digests", "Shelf", "folders"]
