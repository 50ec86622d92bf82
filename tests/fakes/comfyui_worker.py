"""The stand-in ComfyUI's queue and the thread's worth of work that empties it.

It runs one prompt at a time and tells of it in the order the real one does.
"""

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any, Protocol

from attrs import Factory, define, field

from tests.fakes.comfyui_nodes import order
from tests.fakes.comfyui_outputs import OUTPUTS, put_out

PNG = b"\x89PNG\r\n\x1a\n"
LOADERS = {"LoadImage": "image", "LoadVideo": "file"}  # and the input that names the file


class Broadcast(Protocol):
    """Sends to one client, or to all when `client_id` is None."""

    async def __call__(self, message: str | bytes, client_id: str | None) -> None: ...


class Interrupted(Exception):  # noqa: N818 - the real one is an outcome, too
    """The running prompt was told to stop."""


class NodeFailure(Exception):  # noqa: N818 - stands for whatever a node raises
    """A node raised."""

    def __init__(self, exception_type: str, message: str) -> None:
        super().__init__(message)
        self.exception_type = exception_type


@define
class Traps:
    """Ways in which real ComfyUIs surprise their clients. All off: a good day."""

    pause_at: str | None = None  # stop before this node, or at "history" before an end is written
    is_stuck: bool = False  # a pause takes no notice of interrupts
    failing: dict[str, NodeFailure] = Factory(dict[str, NodeFailure])  # node id → what it raises
    blocked: str | None = None  # a node that sends an error, after which the run goes on
    previews: bool = False
    is_deaf: bool = False  # sockets stay open and get nothing
    is_old: bool = False  # before client prompt ids, interrupt by id and /api/jobs
    errors_after_queueing: int = 0  # so many POSTs queue the prompt and answer 500
    errors_before_queueing: int = 0  # so many POSTs answer 500 and do nothing
    is_mute: bool = False  # POST /prompt and a cancel are done, but not answered
    interrupts_lost: int = 0
    files_lost: bool = False
    files_empty: bool = False
    padding: bytes = b""  # behind the content of every file that is no picture
    lists_nothing: bool = False  # /object_info of one class answers 500
    largest_upload: int = 100 * 2**20
    read_errors: int = 0  # so many GETs answer 500
    expands: str | None = None  # a node that runs as a subgraph of its own making
    credentials: str | None = None  # the Authorization header that a proxy insists on


@define
class Worker:
    """Queue, history and stored files."""

    traps: Traps
    send: Broadcast
    running: list[list[Any]] = Factory(list[list[Any]])
    pending: list[list[Any]] = Factory(list[list[Any]])
    history: dict[str, Any] = Factory(dict[str, Any])
    files: dict[tuple[str, str, str], bytes] = Factory(dict[tuple[str, str, str], bytes])
    graphs: list[dict[str, Any]] = Factory(list[dict[str, Any]])  # that have come
    requests: list[tuple[str, str]] = Factory(list[tuple[str, str]])
    paused_at: str | None = None
    interrupted: bool = False
    metadata_clients: set[str] = Factory(set[str])
    changed: asyncio.Condition = field(factory=asyncio.Condition)
    _number: int = 0

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact about this worker."""
        async with self.changed:
            await self.changed.wait_for(fact)

    async def notify(self) -> None:
        """Have every waiter look again."""
        async with self.changed:
            self.changed.notify_all()

    async def go_on(self) -> None:
        """End a pause."""
        self.traps.pause_at = None
        await self.notify()

    async def put(
        self, prompt_id: str, graph: dict[str, Any], extra: dict[str, Any], outputs: list[str]
    ) -> int:
        """Queue a prompt; return its number."""
        number = self._number
        self._number += 1
        self.graphs.append(graph)
        self.pending.append([number, prompt_id, graph, extra, outputs])
        await self.tell_status()
        await self.notify()
        return number

    async def tell_status(self) -> None:
        """Tell every socket how long the queue is."""
        info = {"exec_info": {"queue_remaining": len(self.running) + len(self.pending)}}
        await self._tell("status", {"status": info}, None)

    async def work(self) -> None:
        """Run what is queued, for ever."""
        while True:
            await self.until(lambda: bool(self.pending))
            row = self.pending.pop(0)
            self.running.append(row)
            await self.tell_status()
            await self._run(row)
            await self.notify()

    async def _run(self, row: list[Any]) -> None:
        _number, prompt_id, graph, extra, outputs = row
        self.interrupted = False
        run = _Run(self, prompt_id, graph, extra.get("client_id"))
        await run.note("execution_start")
        await run.note("execution_cached", nodes=[])
        try:
            for node_id in order(graph, outputs):
                await run.node(node_id)
        except Interrupted:
            await run.note("execution_interrupted", node_id=run.current, node_type="", executed=[])
        except NodeFailure as failure:
            await run.fail(failure)
        else:
            await run.note("execution_success")
        await self.pause("history")
        self._record(row, run)
        await self.tell_status()
        await run.tell("executing", node=None)

    def _record(self, row: list[Any], run: "_Run") -> None:
        if row not in self.running:  # forgotten meanwhile
            return
        self.running.remove(row)
        succeeded = run.messages[-1][0] == "execution_success"
        self.history[run.prompt_id] = {
            "prompt": row,
            "outputs": run.outputs,
            "status": {
                "status_str": "success" if succeeded else "error",
                "completed": succeeded,
                "messages": run.messages,
            },
            "meta": {},
        }

    async def pause(self, place: str) -> None:
        """Stay here while a trap says so; raise `Interrupted` when told to stop."""
        if self.traps.pause_at == place:
            self.paused_at = place
            await self.notify()
            await self.until(lambda: self.traps.pause_at != place or self._may_stop())
            self.paused_at = None
        if place != "history" and self._may_stop():
            raise Interrupted

    def _may_stop(self) -> bool:
        return self.interrupted and not self.traps.is_stuck

    async def _tell(self, kind: str, data: dict[str, Any], client_id: str | None) -> None:
        await self.send(json.dumps({"type": kind, "data": data}), client_id)


@define
class _Run:
    worker: Worker
    prompt_id: str
    graph: dict[str, Any]
    client_id: str | None
    current: str | None = None
    outputs: dict[str, Any] = Factory(dict[str, Any])
    messages: list[Any] = Factory(list[Any])
    states: dict[str, Any] = Factory(dict[str, Any])

    async def tell(self, kind: str, **data: Any) -> None:
        message = {"type": kind, "data": data | {"prompt_id": self.prompt_id}}
        await self.worker.send(json.dumps(message), self.client_id)

    async def note(self, kind: str, **data: Any) -> None:
        """Tell, and keep it for the history."""
        data |= {"prompt_id": self.prompt_id, "timestamp": 1795488105896}
        self.messages.append([kind, data])
        await self.tell(kind, **data)

    async def fail(self, failure: NodeFailure) -> None:
        assert self.current is not None
        await self.note(
            "execution_error",
            node_id=self.current,
            node_type=self.graph[self.current]["class_type"],
            executed=list(self.outputs),
            exception_message=str(failure),
            exception_type=failure.exception_type,
            traceback=[f"  line {number}\n" for number in range(40)],
            current_inputs={"text": ["a secret prompt"]},
            current_outputs=[],
        )

    async def node(self, node_id: str) -> None:
        self.current = node_id
        class_type = self.graph[node_id]["class_type"]
        await self._enter(node_id, node_id)
        await self.worker.pause(node_id)
        if node_id in self.worker.traps.failing:
            raise self.worker.traps.failing[node_id]
        if node_id == self.worker.traps.blocked:
            await self.tell("execution_error", node_id=node_id, exception_type="ExecutionBlocked")
        if node_id == self.worker.traps.expands:
            await self._enter(f"{node_id}.0.0.1", node_id)
        if class_type == "LoadImage":
            self._check_picture(self.graph[node_id]["inputs"]["image"])
        if class_type == "KSampler":
            await self._sample(node_id)
        if class_type == "SaveImageWebsocket":
            await self._send_picture(node_id, 2, "image/png", PNG + node_id.encode())
        await self._put_out(node_id, class_type)
        await self._set_state(node_id, node_id, 1, 1, "finished")

    def _check_picture(self, name: str) -> None:
        if not self._given(name).startswith(PNG):
            raise NodeFailure("PIL.UnidentifiedImageError", "cannot identify image file")

    def _given(self, name: str) -> bytes:
        subfolder, _, filename = name.rpartition("/")
        return self.worker.files["input", subfolder, filename]

    def _loaded(self, node_id: str) -> bytes | None:
        """What a saver behind a loader saves: the real ones leave picture and video as they were."""
        inputs = self.graph[node_id]["inputs"]
        links = (inputs[key] for key in ("images", "video") if key in inputs)
        for source in (self.graph[link[0]] for link in links):
            if name := LOADERS.get(source["class_type"]):
                return self._given(source["inputs"][name])
        return None

    async def _put_out(self, node_id: str, class_type: str) -> None:
        ui = self._ui(node_id, class_type)
        if ui:
            self.outputs[node_id] = ui
            await self.tell("executed", node=node_id, display_node=node_id, output=ui)

    def _ui(self, node_id: str, class_type: str) -> dict[str, Any]:
        if class_type == "SaveImage":
            prefix = self.graph[node_id]["inputs"]["filename_prefix"]
            return {"images": [self._store("output", prefix, node_id)]}
        if class_type == "PreviewImage":
            return {"images": [self._store("temp", "ComfyUI_temp", node_id)]}
        if class_type in OUTPUTS:
            ui, files = put_out(class_type, self.graph[node_id]["inputs"]["filename_prefix"])
            for file in files:
                key = (file["type"], file["subfolder"], file["filename"])
                made = class_type.encode() + self.worker.traps.padding
                self.worker.files[key] = self._loaded(node_id) or made
            return ui
        if class_type == "PreviewAny":
            return {"text": ["seen"], "score": [float("nan")]}
        return {}

    def _store(self, kind: str, prefix: str, node_id: str) -> dict[str, str]:
        subfolder, _, stem = prefix.rpartition("/")
        taken = sum(
            1 for k, s, f in self.worker.files if (k, s) == (kind, subfolder) and f.startswith(stem)
        )
        name = f"{stem}_{taken + 1:05}_.png"
        drawn = PNG + f"{self.prompt_id} {node_id}".encode()
        self.worker.files[kind, subfolder, name] = self._loaded(node_id) or drawn
        return {"filename": name, "subfolder": subfolder, "type": kind}

    async def _sample(self, node_id: str) -> None:
        steps = int(self.graph[node_id]["inputs"]["steps"])
        for step in range(1, steps + 1):
            await self.worker.pause(f"{node_id}:{step}")
            await self._set_state(node_id, node_id, step, steps, "running")
            if self.worker.traps.previews:
                await self._send_picture(node_id, 1, "image/jpeg", b"jpeg")
            await self.tell("progress", value=step, max=steps, node=node_id)

    async def _enter(self, node_id: str, display: str) -> None:
        await self._set_state(node_id, display, 0, 1, "running")
        await self.tell("executing", node=node_id, display_node=display)

    async def _set_state(
        self, node_id: str, display: str, value: int, maximum: int, state: str
    ) -> None:
        self.states[node_id] = {
            "value": value,
            "max": maximum,
            "state": state,
            "node_id": node_id,
            "display_node_id": display,
            "prompt_id": self.prompt_id,
        }
        if not self.worker.traps.is_old:
            await self.tell("progress_state", nodes=self.states)

    async def _send_picture(self, node_id: str, form: int, image_type: str, content: bytes) -> None:
        if self.client_id in self.worker.metadata_clients:
            facts = {"node_id": node_id, "prompt_id": self.prompt_id, "image_type": image_type}
            metadata = json.dumps(facts | {"display_node_id": node_id}).encode()
            frame = struct.pack(">II", 4, len(metadata)) + metadata + content
        else:
            frame = struct.pack(">II", 1, form) + content
        await self.worker.send(frame, self.client_id)
