"""Why a job waits: what stands before it, what each worker lacks, and what would help."""

from hub.explain.explainer import Explainer, Explanation

__all__ = ["Explainer", "Explanation"]
