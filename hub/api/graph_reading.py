"""The ComfyUI graph of a payload, checked, and what it says that a worker must have."""

from typing import Any

from attrs import evolve, frozen

from shared.digests import SHA256
from shared.fields import FieldError
from shared.graph_needs import GraphNeeds, graph_needs, plain_name
from shared.graphs import GraphError, find_graph, has_graph
from shared.matching import Requirement
from shared.names import sha256_name

COMFYUI = "comfyui"
NO_NEEDS = GraphNeeds((), ())


@frozen(kw_only=True)
class Stated:
    """What the client says itself; `None` leaves it to the graph."""

    models: tuple[str, ...] | None
    custom_nodes: tuple[str, ...] | None

    def completed(self, needs: GraphNeeds) -> dict[str, Any]:
        """Both, as a requirement has them."""
        return {
            "models": needs.models if self.models is None else self.models,
            "custom_nodes": needs.custom_nodes if self.custom_nodes is None else self.custom_nodes,
        }


def read_graph(type_: str, payload: dict[str, Any]) -> GraphNeeds:
    """What the graph needs; nothing for a service that is given none, or only simulates it.

    A payload that means to be a ComfyUI workflow must be one, before anybody waits for it. Raises
    `FieldError`.
    """
    if type_ != COMFYUI and not (type_ == "simulation" and has_graph(payload)):
        return NO_NEEDS
    try:
        graph = find_graph(payload)
    except GraphError as problem:
        raise FieldError("payload", str(problem), "a ComfyUI workflow in API format") from problem
    return graph_needs(graph) if type_ == COMFYUI else NO_NEEDS


def stated_names(type_: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Models as workers tell them: ComfyUI lists them with the separator of its own machine.

    Raises `FieldError` for a content that cannot be one.
    """
    said = tuple(_content(place, name) for place, name in enumerate(names))
    return tuple(map(plain_name, said)) if type_ == COMFYUI else said


def _content(place: int, name: str) -> str:
    """A name by content in lower case, and every other as it is."""
    known = sha256_name("")
    if not name.lower().startswith(known):
        return name
    if not SHA256.fullmatch(digest := name[len(known) :].lower()):
        raise FieldError(
            f"requirements.models[{place}]",
            "names no content",
            f"{known} and 64 hexadecimal digits",
        )
    return sha256_name(digest)


def reread(
    requirement: Requirement, type_: str, before: dict[str, Any], after: dict[str, Any]
) -> Requirement:
    """The requirement with another payload: what the old graph said gives way to the new one.

    What says something else was stated by the client, and stays. Raises `FieldError`.
    """
    needed, needs = read_graph(type_, before), read_graph(type_, after)
    stated = Stated(
        models=None if requirement.models == needed.models else requirement.models,
        custom_nodes=(
            None if requirement.custom_nodes == needed.custom_nodes else requirement.custom_nodes
        ),
    )
    return evolve(requirement, **stated.completed(needs))
