"""What workers may prefer among jobs of equal priority, and how far."""

import json
from functools import lru_cache
from hashlib import sha256

from attrs import frozen

from shared.matching import Requirement


@frozen
class Preferences:
    """How often a job may be passed over in its life, and how many submissions apart for.

    Either 0: strict order.
    """

    passes: int = 0
    window: int = 0


STRICT = Preferences()


@lru_cache(maxsize=4096)
def loads_of(requirement: Requirement) -> str:
    """A short name for what a worker has loaded after such a job."""
    facts = (
        requirement.service_type, requirement.component, requirement.workflow,
        sorted(requirement.models),
    )  # fmt: skip
    return sha256(json.dumps(facts).encode()).hexdigest()[:12]
