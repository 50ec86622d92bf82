"""Settings of the engines that the agent starts itself."""

from pathlib import Path

from attrs import frozen, validators

from shared.bounds import PORT
from shared.settings import setting

_POSITIVE = validators.gt(0)
_NATURAL = validators.ge(0)


@frozen(kw_only=True, slots=False)  # of several bases only one may have slots
class EngineOptions:
    """Where the engines are and how patient to be with them."""

    comfyui_dir: Path | None = setting(
        "WORKER_COMFYUI_DIR",
        None,
        "ComfyUI's folder: the agent starts it from there, once for each GPU",
    )
    comfyui_python: Path | None = setting(
        "WORKER_COMFYUI_PYTHON", None, "its Python, if it is not in venv or .venv of its folder"
    )
    comfyui_args: str = setting("WORKER_COMFYUI_ARGS", "", "more arguments for it, as in a shell")
    comfyui_model_dirs: tuple[str, ...] = setting(
        "WORKER_COMFYUI_MODEL_DIRS",
        (),
        "folders of its models, where they are not in models of its own folder",
    )
    comfyui_first_port: int = setting(
        "WORKER_COMFYUI_FIRST_PORT",
        8188,
        "its port; the next that is free is taken",
        validator=PORT,
    )
    a1111_dir: Path | None = setting(
        "WORKER_A1111_DIR",
        None,
        "the folder of A1111 or a fork: the agent starts it from there, once for each GPU",
    )
    a1111_python: Path | None = setting(
        "WORKER_A1111_PYTHON", None, "its Python, if it is not in venv or .venv of its folder"
    )
    a1111_args: str = setting("WORKER_A1111_ARGS", "", "more arguments for it, as in a shell")
    a1111_model_dirs: tuple[str, ...] = setting(
        "WORKER_A1111_MODEL_DIRS",
        (),
        "folders of its models, where they are not in models and embeddings of its own folder",
    )
    hash_models: bool = setting(
        "WORKER_HASH_MODELS",
        True,
        "whether files of models are hashed while no job runs, so that jobs may ask for a content",
    )
    a1111_first_port: int = setting(
        "WORKER_A1111_FIRST_PORT",
        7860,
        "its port; the next that is free is taken",
        validator=PORT,
    )
    state_dir: Path = setting(
        "WORKER_STATE_DIR",
        Path.home() / ".emp-agent",
        "where engines keep what is their own: settings, databases, pictures; and the agent its attempts",
    )
    engine_start_s: float = setting(
        "WORKER_ENGINE_START_S",
        600.0,
        "seconds that an engine gets from its start until it serves",
        validator=_POSITIVE,
    )
    engine_outlives_agent_s: float = setting(
        "WORKER_ENGINE_OUTLIVES_AGENT_S",
        60.0,
        "seconds that ComfyUI lives on when the agent is killed, for the next to take it over; 0: none",
        validator=_NATURAL,
    )
    engine_load_s: float = setting(
        "WORKER_ENGINE_LOAD_S",
        900.0,
        "seconds until the first progress of a job: models are loaded meanwhile",
        validator=_POSITIVE,
    )
    engine_silence_s: float = setting(
        "WORKER_ENGINE_SILENCE_S",
        180.0,
        "seconds without progress and without use of the GPU, after which an engine hangs",
        validator=_POSITIVE,
    )
    engine_max_jobs: int = setting(
        "WORKER_ENGINE_MAX_JOBS",
        0,
        "jobs after which an engine is started anew; 0: never",
        validator=validators.ge(0),
    )
    engine_max_rss_gb: float = setting(
        "WORKER_ENGINE_MAX_RSS_GB",
        0.0,
        "memory above which an engine is started anew after its job; 0: never",
        validator=validators.ge(0),
    )
    failures_to_quarantine: int = setting(
        "WORKER_FAILURES_TO_QUARANTINE",
        5,
        "failures of the same class one after the other that take a worker out of work; 0: never",
        validator=validators.ge(0),
    )
    min_disk_gb: float = setting(
        "WORKER_MIN_DISK_GB", 2.0, "GB that must be free before jobs are taken", validator=_NATURAL
    )
    min_vram_gb: float = setting(
        "WORKER_MIN_VRAM_GB",
        0.0,
        "GB of a GPU's memory that must be free before jobs are taken",
        validator=_NATURAL,
    )
    required_models: tuple[str, ...] = setting(
        "WORKER_REQUIRED_MODELS", (), "models without which no job is taken, with commas between"
    )
    required_nodes: tuple[str, ...] = setting(
        "WORKER_REQUIRED_NODES", (), "node classes without which no job is taken"
    )
