"""How far a whole graph is, from the events about its single nodes."""

from typing import Any

from agent.connectors.answers import is_object
from agent.connectors.base import Preview, Progress
from agent.connectors.comfyui.events import Event, Picture
from shared.graphs import Graph, node_title


class GraphProgress:
    """Adds up the nodes of one graph; feed it the events of one prompt in their order.

    A node weighs as much as the steps it is set to take, so that a sampler counts for more
    than the loaders around it. The percentage never falls.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._weights = {node_id: _weight(node) for node_id, node in graph.items()}
        self._shares: dict[str, float] = {}  # node id → 0 … 1
        self._owners: dict[str, str] = {}  # id of a node that a node made → id of its maker
        self._step: int | None = None
        self._steps: int | None = None
        self.node: str | None = None  # id of the running node in the caller's graph

    def follow(self, event: Event) -> Progress | None:
        """Take in an event; return the progress when it has news for a person."""
        match event.kind:
            case "execution_cached":
                self._finish(*event.data.get("nodes", ()))
            case "progress_state":
                self._take_states(event.data.get("nodes"))
            case "executed":
                self._finish(event.data.get("node"))
            case "executing":
                self._enter(event.data)
                return self._now()
            case "progress":
                self._take_step(event.data)
                return self._now()
            case _:
                pass
        return None

    def picture(self, picture: Picture) -> Progress:
        """Return the progress with a preview of the running node."""
        return self._now(Preview(mime_type=picture.mime_type, content=picture.content))

    def owner(self, node_id: str | None) -> str | None:
        """Return the node of the caller's graph that a node belongs to, which may be itself."""
        return self._owners.get(node_id, node_id) if node_id is not None else None

    def _enter(self, data: dict[str, Any]) -> None:
        node_id = data.get("node")
        if node_id is not None:
            self._owners[node_id] = data.get("display_node") or node_id
        before, self.node = self.node, self.owner(node_id)
        if before != self.node:
            self._finish(before)
        self._step = self._steps = None

    def _take_step(self, data: dict[str, Any]) -> None:
        node_id, value, maximum = data.get("node"), data.get("value", 0), data.get("max", 0)
        self.node = self.owner(node_id) or self.node
        self._step, self._steps = int(value), int(maximum)
        self._raise(node_id, value, maximum)

    def _take_states(self, states: object) -> None:
        for node_id, state in states.items() if is_object(states) else ():
            self._owners[node_id] = state.get("display_node_id") or node_id
            if state.get("state") == "finished":
                self._finish(node_id)

    def _finish(self, *node_ids: str | None) -> None:
        for node_id in node_ids:
            self._raise(node_id, 1, 1)

    def _raise(self, node_id: str | None, value: float, maximum: float) -> None:
        if node_id in self._weights and maximum > 0:
            share = min(1.0, value / maximum)
            self._shares[node_id] = max(share, self._shares.get(node_id, 0.0))

    def _now(self, preview: Preview | None = None) -> Progress:
        title = node_title(self._graph, self.node) if self.node in self._graph else None
        steps = f"{self._step}/{self._steps}" if self._steps else None
        return Progress(
            percent=self._total(),
            message=" ".join(filter(None, (title, steps))),
            node=self.node,
            node_title=title,
            step=self._step,
            steps=self._steps,
            preview=preview,
        )

    def _total(self) -> float:
        done = sum(self._weights[node_id] * share for node_id, share in self._shares.items())
        return 100.0 * done / sum(self._weights.values())


def _weight(node: dict[str, Any]) -> int:
    steps = node["inputs"].get("steps")
    return max(1, steps) if isinstance(steps, int) else 1
