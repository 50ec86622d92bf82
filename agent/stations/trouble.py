"""What keeps a post from work before its connectors are asked."""

from collections.abc import Sequence

from agent.engines import EngineState, Supervisor
from agent.inventory import survey
from agent.preflight import blocking, machine_findings, worker_findings
from agent.stations.posts import Post


def trouble(post: Post, engines: Sequence[Supervisor]) -> str | None:
    """What is wrong with the machine, the GPU or an engine. Takes its time: for a thread."""
    settings, found = post.settings, survey()
    findings = [
        *machine_findings(settings, found),
        *worker_findings(settings, post.gpu, found),
    ]
    failed = [each for each in engines if each.state is EngineState.FAILED]
    of_engines = "; ".join(f"{each.name} {each.problem}" for each in failed)
    return " | ".join(filter(None, (blocking(findings), of_engines))) or None
