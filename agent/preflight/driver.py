"""NVIDIA's driver, and the cards that it cannot use."""

from collections.abc import Iterator

from agent.inventory import Survey
from agent.preflight.finding import Finding
from agent.settings import AgentSettings


def driver_findings(settings: AgentSettings, found: Survey) -> Iterator[Finding]:
    """Whether the driver answers, and every card with it."""
    if found.problem:
        yield Finding(
            name="driver",
            problem=f"NVIDIA's driver does not answer: {found.problem}",
            remedy="reboot; if that does not help, install the driver and its libraries in the "
            "same version",
        )
    elif found.driver is None:
        asked_for = [each for each in settings.gpus if each not in {"all", "none"}]
        yield Finding(
            name="driver",
            problem=f"GPU {', '.join(asked_for)} is to work and there is no NVIDIA driver"
            if asked_for
            else None,
            remedy="install NVIDIA's driver, or start the container with its GPUs (--gpus all)",
            detail="none, so there is one worker without a GPU",
        )
    else:
        yield Finding(
            name="driver",
            detail=f"{found.driver.version}, CUDA {found.driver.cuda}, {len(found.gpus)} GPUs",
        )
    for each in found.lost:
        yield Finding(
            name=f"gpu{each.index}",
            problem=f"cannot be used: {each.problem}",
            remedy="a lost GPU needs a reboot, and a new machine if it comes again; the others work",
            blocks=False,
        )
