"""When an engine is to be started anew before it takes another job."""

from collections.abc import Sequence

from agent.engine_settings import EngineOptions
from agent.engines import Supervisor


def worn_out(settings: EngineOptions, engines: Sequence[Supervisor], jobs: int) -> str | None:
    """Why engines that have done so many jobs are to be started anew, if they are."""
    if 0 < settings.engine_max_jobs <= jobs:
        return f"{jobs} jobs are done"
    if settings.engine_max_rss_gb:
        held_gb = max(each.engine.rss_gb() if each.engine else 0 for each in engines)
        if held_gb > settings.engine_max_rss_gb:
            return f"it holds {held_gb:.1f} GB of memory"
    return None
