"""Why a job waits: what stands before it, what each worker lacks, and what would help."""

from hub.explain.explainer import Explainer, Explanation
from hub.explain.servable import Servability

__all__ = ["Explainer", "Explanation", "Servability"]
