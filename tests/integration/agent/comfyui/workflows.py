"""Workflows for the stand-in, and how to run them."""

from typing import Any

from agent.connectors.base import Result, Work
from agent.connectors.comfyui import ComfyUI
from tests.support.reports import Reports

JOB = "0c39-job"
SAVE = {"images": ["8", 0], "filename_prefix": "cats/tom"}


def graph(**saver: Any) -> dict[str, Any]:
    """Return a text-to-image graph that ends in the given node."""
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["4", 0],
                "positive": ["6", 0],
                "negative": ["6", 0],
                "latent_image": ["5", 0],
                "steps": 4,
                "sampler_name": "euler",
            },
            "_meta": {"title": "Sampling"},
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": saver or {"class_type": "SaveImage", "inputs": dict(SAVE)},
    }


def work(nodes: dict[str, Any], job_id: str = JOB) -> Work:
    return Work(job_id=job_id, attempt=1, type="comfyui", payload={"workflow": nodes})


async def run(comfy: ComfyUI, nodes: dict[str, Any], reports: Reports | None = None) -> Result:
    return await comfy.run(work(nodes), reports or Reports())
