"""What the savers of a ComfyUI report, by node class; `$` stands for the prefix of the file's name."""

from typing import Any

OUTPUTS: dict[str, dict[str, list[Any]]] = {
    "SaveVideo": {"images": ["$_00001_.mp4"], "animated": [True]},
    "SaveAnimatedWEBP": {"images": ["$_00001_.webp"], "animated": [True]},
    "SaveAnimatedPNG": {"images": ["$_00001_.png"], "animated": [True]},
    "SaveAudio": {"audio": ["$_00001_.flac"]},
    "SaveText": {"text": ["words"], "files": ["$_00001_.txt"]},
    "SaveGLB": {"3d": ["$_00001_.glb"]},
    "SaveLatent": {"latents": ["$_00001_.latent"]},
    "VHS_VideoCombine": {"gifs": ["$_00001.gif"]},
}


def put_out(class_type: str, prefix: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What the node reports, and the files among it."""
    files: list[dict[str, str]] = []
    subfolder, _, stem = prefix.rpartition("/")

    def made(value: Any) -> Any:
        if not isinstance(value, str) or "$" not in value:
            return value
        filename = value.replace("$", stem)
        files.append({"filename": filename, "subfolder": subfolder, "type": "output"})
        return files[-1]

    return {key: [made(each) for each in row] for key, row in OUTPUTS[class_type].items()}, files
