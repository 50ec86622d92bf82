"""Who rents the machine out, as its environment tells."""

from collections.abc import Mapping

from attrs import frozen

_VAST = "VAST_CONTAINERLABEL"


@frozen(kw_only=True)
class Provider:
    """Where the machine comes from. `None`: not known."""

    name: str | None = None
    region: str | None = None
    instance_type: str | None = None  # as the provider calls the size of machine
    is_spot: bool | None = None


def find_provider(environ: Mapping[str, str]) -> Provider:
    """Recognise vast.ai, RunPod and Salad by the variables that they set in a container."""
    if "RUNPOD_POD_ID" in environ:
        return Provider(name="runpod", region=environ.get("RUNPOD_DC_ID"))
    if "SALAD_MACHINE_ID" in environ:
        return Provider(name="salad", is_spot=True)  # a machine of somebody who may want it back
    if _VAST in environ:
        return Provider(name="vast.ai")
    return Provider()


def without_provider(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what a provider says in a name by which a setting is known.

    vast.ai sets `GPU_COUNT` to the number of GPUs of the machine, each of which is a worker here.
    """
    theirs = ("GPU_COUNT",) if _VAST in environ else ()
    return {name: text for name, text in environ.items() if name not in theirs}
