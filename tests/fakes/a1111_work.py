"""What the stand-in AUTOMATIC1111 keeps and does: options, the one lock, drawing step by step."""

import asyncio
import base64
import io
import json
from collections.abc import Callable
from typing import Any

from attrs import Factory, define, field
from PIL import Image, PngImagePlugin

from tests.fakes.a1111_names import MODELS, aliases, check, stem, words

OPTIONS: dict[str, Any] = {
    "sd_model_checkpoint": "tiny-a.safetensors [a0a0a0a0a0]",
    "samples_format": "png",
    "jpeg_quality": 80,
    "CLIP_stop_at_last_layers": 1,
    "eta_noise_seed_delta": 0,
    "sd_vae": "Automatic",
}


class SafetensorError(Exception):
    """A file that is no checkpoint; the name is the server's own."""


@define
class Traps:
    """Ways in which real servers surprise their clients. All off: a good day on 1.10.1."""

    pause_at: int | None = None  # stop before this step
    is_stuck: bool = False  # a pause takes no notice of interrupts
    interrupts_lost: int = 0
    failing: tuple[int, dict[str, Any]] | None = None  # what every call answers
    is_forge: bool = False
    is_sdnext: bool = False
    is_old: bool = False  # 1.8: unknown samplers are refused, schedulers unknown
    without_api: bool = False
    credentials: str | None = None
    substitutes: dict[str, str | None] = Factory(dict[str, "str | None"])
    """What it draws with whatever it was told, by the words of the picture's text."""
    keeps_checkpoint: bool = False  # a checkpoint that does not load is no error, as of old
    says_less: bool = False  # its answer has no extra_generation_params
    additions: int = 0  # pictures that an extension appends
    cuts: bool = False  # closes the connection of a call and draws on
    garbage: str | None = None  # what a picture is instead of a picture
    progress_errors: int = 0  # so many looks at the progress are answered 429


@define
class Studio:
    """The process behind the routes."""

    traps: Traps
    options: dict[str, Any] = Factory(lambda: dict(OPTIONS))
    stored: set[str] = Factory(lambda: {"sd_model_checkpoint"})  # keys in config.json
    loaded: str = "tiny-a"
    drawings: list[dict[str, Any]] = Factory(list[dict[str, Any]])  # bodies, in order
    requests: list[tuple[str, str]] = Factory(list[tuple[str, str]])
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    changed: asyncio.Condition = field(factory=asyncio.Condition)
    job_count: int = 0
    job: str = ""
    job_timestamp: str = "0"
    step: int = 0
    steps: int = 0
    done: int = 0  # steps of all iterations
    total: int = 1
    interrupted: bool = False
    spoiled: bool = False  # the loaded model, by one that did not load
    paused: bool = False
    _number: int = 0

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact about this server."""
        async with self.changed:
            await self.changed.wait_for(fact)

    async def notify(self) -> None:
        """Let everybody who waits look again."""
        async with self.changed:
            self.changed.notify_all()

    async def go_on(self) -> None:
        """End the pause."""
        self.traps.pause_at = None
        await self.notify()

    def begin(self, name: str, total: int) -> None:
        """Enter the lock: an interrupt that came before is forgotten."""
        self._number += 1
        self.job, self.job_count, self.job_timestamp = name, -1, f"2026112408{self._number:04}"
        self.interrupted = False
        self.done, self.total, self.step = 0, total, 0

    def end(self) -> None:
        """Leave the lock; much of the state keeps its values."""
        self.job, self.job_count = "", 0

    async def sample(self, steps: int) -> None:
        """Draw one iteration, step by step, until an interrupt."""
        self.steps = steps
        for self.step in range(steps):
            await self._pause()
            if self.interrupted:
                return
            await self.notify()
            await asyncio.sleep(0)
            self.done += 1

    async def _pause(self) -> None:
        if self.traps.pause_at != self.step:
            return
        self.paused = True
        await self.notify()
        await self.until(
            lambda: (
                self.traps.pause_at != self.step or (self.interrupted and not self.traps.is_stuck)
            )
        )
        self.paused = False

    def progress(self) -> dict[str, Any]:
        """The body of GET /progress."""
        busy = self.job_count != 0
        return {
            "progress": max(0.01, self.done / self.total) if busy else 0,
            "eta_relative": 0,
            "state": {
                "skipped": False,
                "interrupted": self.interrupted,
                "stopping_generation": False,
                "job": self.job,
                "job_count": self.job_count,
                "job_timestamp": self.job_timestamp,
                "job_no": 0,
                "sampling_step": self.step,
                "sampling_steps": self.steps,
            },
            "current_image": picture("preview", "jpeg") if busy and self.step else None,
            "textinfo": None,
        }


def picture(text: str, kind: str = "png") -> str:
    """A small picture as base64, with the text in it where the format has room."""
    into = io.BytesIO()
    image = Image.new("RGB", (8, 8))
    if kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", text)
        image.save(into, "PNG", pnginfo=info)
    else:
        image.save(into, "JPEG" if kind in {"jpg", "jpeg"} else kind.upper())
    return base64.b64encode(into.getvalue()).decode()


async def draw(studio: Studio, task: str, body: dict[str, Any]) -> dict[str, Any]:
    """Draw, under the lock, as `body` says; the answer's body."""
    async with studio.lock:
        studio.drawings.append(body)
        studio.begin(f"scripts_{task}", body["steps"] * body["n_iter"])
        try:
            return await _drawn(studio, body)
        finally:
            studio.end()
            await studio.notify()


async def _drawn(studio: Studio, body: dict[str, Any]) -> dict[str, Any]:
    overrides: dict[str, Any] = body.get("override_settings") or {}
    before = {key: studio.options[key] for key in overrides}  # KeyError for an unknown one
    check(body)
    _load(studio, overrides.get("sd_model_checkpoint", studio.options["sd_model_checkpoint"]))
    assert not studio.spoiled, "Expected all tensors to be on the same device"
    studio.options.update(overrides)
    count = 0
    for number in range(body["n_iter"]):
        studio.job_count = body["n_iter"]
        if body["n_iter"] > 1:
            studio.job = f"Batch {number + 1} out of {body['n_iter']}"
        await studio.sample(body["steps"])
        count += body["batch_size"]
        if studio.interrupted:
            break
    for key in set(before) & studio.stored:  # the leak: what config.json has not stays
        studio.options[key] = before[key]
    return _answer(studio, body, count)


def store(studio: Studio, values: dict[str, Any]) -> None:
    """POST /options. A checkpoint that does not load goes back to what it was, without a word."""
    name = values.get("sd_model_checkpoint")
    try:
        if name is not None:
            _load(studio, name)
    except SafetensorError:
        values = {key: value for key, value in values.items() if key != "sd_model_checkpoint"}
    studio.options.update(values)
    studio.stored.update(values)


def _load(studio: Studio, name: str) -> None:
    row = next((row for row in MODELS if name in aliases(row)), None)
    if row is None:
        return  # what is loaded draws
    if row["model_name"] != "broken":
        studio.spoiled = studio.spoiled and studio.loaded == row["model_name"]
        studio.loaded = row["model_name"]
    elif not studio.traps.keeps_checkpoint:
        studio.spoiled = True
        raise SafetensorError("Error while deserializing header: HeaderTooLarge")


def _answer(studio: Studio, body: dict[str, Any], count: int) -> dict[str, Any]:
    traps = studio.traps
    row = next(row for row in MODELS if row["model_name"] == studio.loaded)
    said = words(body) | traps.substitutes
    sampler = said.pop("Sampler")
    extra = {key: value for key, value in said.items() if value is not None}
    printed = {"Schedule type": body.get("scheduler") or "Automatic"} | extra
    seeds = [body["seed"] + number for number in range(count)]
    text = f"{body['prompt']}\nSteps: {body['steps']}, Sampler: {sampler}, " + ", ".join(
        f"{key}: {value}" for key, value in printed.items()
    )
    kind = str(studio.options["samples_format"])
    images = [traps.garbage or picture(text, kind) for _ in range(count)]
    first = int(bool(body.get("save_images")) and count > 1)
    info: dict[str, Any] = {
        "all_seeds": seeds,
        "seed": seeds[0],
        "steps": body["steps"],
        "sampler_name": sampler,
        "sd_model_name": stem(row),
        "sd_model_hash": row["hash"],
        "index_of_first_image": first,
        "infotexts": [text] * (count + first),
        "version": "v1.10.1",
    }
    if not traps.says_less:
        info["extra_generation_params"] = said
    return {
        "images": [picture("grid")] * first
        + images
        + [picture("map") for _ in range(traps.additions)],
        "parameters": body,
        "info": json.dumps(info),
    }
