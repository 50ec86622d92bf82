"""Workflows that every ComfyUI can run, on a CPU and almost without models."""

from typing import Any

IMAGE = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}}  # fmt: skip
AUDIO = {"class_type": "EmptyAudio", "inputs": {"duration": 0.5, "sample_rate": 44100, "channels": 2}}  # fmt: skip
VIDEO = {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 8.0}}
LATENT = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
PREFIX = {"filename_prefix": "cats/tom"}

Graph = dict[str, Any]


def node(class_type: str, **inputs: Any) -> Graph:
    return {"class_type": class_type, "inputs": inputs}


def ending(saver: str, **inputs: Any) -> Graph:
    """A graph that brings a picture, a video, a sound and a latent to a node that puts something out."""
    sources: Graph = {"1": IMAGE, "2": VIDEO, "3": AUDIO, "4": LATENT}
    links: list[list[Any]] = [value for value in inputs.values() if isinstance(value, list)]
    used: set[str] = {link[0] for link in links}
    used |= {"1"} if "2" in used else set()
    return {name: sources[name] for name in sorted(used)} | {"9": node(saver, **inputs)}


def picture() -> Graph:
    return ending("SaveImage", images=["1", 0], **PREFIX)


def sampling(checkpoint: str, steps: int) -> Graph:
    sampler = node(
        "KSampler", model=["4", 0], positive=["6", 0], negative=["6", 0], latent_image=["5", 0],
        steps=steps, sampler_name="euler", scheduler="normal", cfg=2.0, denoise=1.0, seed=2**64 - 1,
    )  # fmt: skip
    return {
        "4": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "5": LATENT,
        "6": node("CLIPTextEncode", text="a cat", clip=["4", 1]),
        "3": sampler,
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], **PREFIX),
    }


SAVERS: list[tuple[str, Graph, str]] = [
    ("SaveAnimatedWEBP", {"images": ["1", 0], "fps": 6.0, "lossless": True, "quality": 80, "method": "default"}, ".webp"),
    ("SaveAnimatedPNG", {"images": ["1", 0], "fps": 6.0, "compress_level": 4}, ".png"),
    ("SaveVideo", {"video": ["2", 0], "format": "mp4", "codec": "h264"}, ".mp4"),
    ("SaveAudio", {"audio": ["3", 0]}, ".flac"),
    ("SaveLatent", {"samples": ["4", 0]}, ".latent"),
]  # fmt: skip
"""Nodes that save, what they are given, and the ending of what comes out."""
