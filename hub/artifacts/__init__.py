"""Files of jobs, by the SHA-256 of their bytes: kept, recognised, shown small."""

from hub.artifacts.digests import ArtifactError
from hub.artifacts.disk import Artifacts
from hub.artifacts.incoming import BrokenOffError, OffsetError

__all__ = ["ArtifactError", "Artifacts", "BrokenOffError", "OffsetError"]
