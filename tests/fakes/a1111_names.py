"""What the stand-in AUTOMATIC1111 knows by name, and what it says that it has used.

Seen on 1.10.1: an unknown sampler or scheduler of the first pass is replaced in silence, and one of
the second pass is an exception, as is an unknown upscaler; a part of a checkpoint's title is enough
for the second pass and the refiner; a sampler that takes no scheduler is printed with it.
"""

from typing import Any

MODELS: list[dict[str, Any]] = [
    {
        "title": "tiny-a.safetensors [a0a0a0a0a0]",
        "model_name": "tiny-a",
        "hash": "a0a0a0a0a0",
        "sha256": "a0" * 32,
        "filename": "/models/Stable-diffusion/tiny-a.safetensors",
        "config": None,
    },
    {
        "title": "sub\\tiny-b.safetensors",
        "model_name": "sub_tiny-b",
        "hash": None,
        "sha256": None,
        "filename": "/models/Stable-diffusion/sub/tiny-b.safetensors",
        "config": None,
    },
    {
        "title": "broken.safetensors",
        "model_name": "broken",
        "hash": None,
        "sha256": None,
        "filename": "/models/Stable-diffusion/broken.safetensors",
        "config": None,
    },
]
SAMPLERS = ["DPM++ 2M", "Euler a", "Euler", "DDIM"]
SCHEDULERS = [("automatic", "Automatic"), ("karras", "Karras"), ("sgm_uniform", "SGM Uniform")]
UPSCALERS = ["None", "Lanczos"]
LATENT_MODES = ["Latent"]
_NONE = {None, "", "None", "none"}
_LABELS = {
    name: label for row in SCHEDULERS[1:] for name, label in ((row[0], row[1]), (row[1],) * 2)
}


def aliases(row: dict[str, Any]) -> set[str]:
    """The names that select a checkpoint; any other is dropped in silence."""
    title = row["title"].partition(" [")[0]
    file = row["filename"].rpartition("/")[2]
    names = {row["title"], title, file, row["model_name"], row["hash"], row["sha256"]}
    return {name for name in names if name}


def stem(row: dict[str, Any]) -> str:
    """The name of a checkpoint in what is said of a picture."""
    return row["filename"].rpartition("/")[2].removesuffix(".safetensors")


def check(body: dict[str, Any]) -> None:
    """Raise as the server does for names of the second pass and the refiner."""
    if body.get("refiner_checkpoint") not in _NONE:
        _closest(body["refiner_checkpoint"])
    if not body.get("enable_hr"):
        return
    if body.get("hr_checkpoint_name"):
        _closest(body["hr_checkpoint_name"])
    assert body.get("hr_sampler_name") in {None, *SAMPLERS}, f"bad sampler name: {body}"
    if body.get("hr_upscaler") not in {None, *UPSCALERS, *LATENT_MODES}:
        raise LookupError(f"could not find upscaler named {body['hr_upscaler']}")


def words(body: dict[str, Any]) -> dict[str, str | None]:
    """What it draws with, by the words of the picture's text."""
    asked = body.get("sampler_name") or "Euler"
    sampler = asked if asked in SAMPLERS else SAMPLERS[0]
    schedule = None if sampler == "DDIM" else _LABELS.get(body.get("scheduler") or "")
    said: dict[str, str | None] = {"Sampler": sampler}
    said |= {"Schedule type": schedule} if schedule else {}
    if body.get("enable_hr"):
        said |= _second_pass(body, sampler, schedule)
    if body.get("refiner_checkpoint") not in _NONE and body.get("refiner_switch_at", 0) < 1:
        said["Refiner"] = _closest(body["refiner_checkpoint"])
    return said


def _second_pass(body: dict[str, Any], sampler: str, schedule: str | None) -> dict[str, str | None]:
    hr_sampler = body.get("hr_sampler_name") or sampler
    hr_schedule = _LABELS.get(body.get("hr_scheduler") or body.get("scheduler") or "")
    said = {"Hires schedule type": None if hr_schedule == schedule else hr_schedule}
    said |= {"Hires sampler": hr_sampler} if hr_sampler != sampler else {}
    said |= {"Hires upscaler": body["hr_upscaler"]} if body.get("hr_upscaler") else {}
    if body.get("hr_checkpoint_name"):
        said["Hires checkpoint"] = _closest(body["hr_checkpoint_name"])
    return said


def _closest(name: str) -> str:
    for row in MODELS:
        if name in aliases(row) or name in row["title"]:
            return f"{stem(row)} [{row['hash']}]" if row["hash"] else stem(row)
    raise LookupError(f"Could not find checkpoint with name {name}")
