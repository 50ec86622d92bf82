"""Where ComfyUI is, and how to use it."""

from attrs import frozen, validators

from agent.connector_settings.names import either
from shared.bounds import PORT
from shared.settings import setting


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class ComfyUIOptions:
    """How to reach and use one ComfyUI."""

    comfyui_url: str | None = setting(
        ("COMFYUI_URL", "WORKER_COMFYUI_URL"),
        None,
        "where it listens; goes before host and port; with several GPUs an address for each, with "
        "commas between",
    )
    comfyui_host: str = setting(either("COMFYUI_HOST"), "127.0.0.1", "the host it listens on")
    comfyui_port: int = setting(
        either("COMFYUI_PORT"), 8188, "the port it listens on", validator=PORT
    )
    comfyui_use_ssl: bool = setting(
        either("COMFYUI_USE_SSL"), False, "whether host and port speak https"
    )
    comfyui_use_basic_auth: bool = setting(
        either("COMFYUI_USE_BASIC_AUTH"), True, "whether to show user name and password, if given"
    )
    comfyui_username: str | None = setting(
        either("COMFYUI_USERNAME"), None, "for a proxy before ComfyUI that asks who comes"
    )
    comfyui_password: str | None = setting(
        either("COMFYUI_PASSWORD"), None, "goes with the user name", secret=True
    )
    comfyui_timeout_s: float = setting(
        either("COMFYUI_TIMEOUT_SECONDS"),
        300.0,
        "seconds that one answer of ComfyUI may take",
        validator=validators.gt(0),
    )
    comfyui_workflow_timeout_s: float = setting(
        either("COMFYUI_WORKFLOW_TIMEOUT_SECONDS"),
        600.0,
        "seconds that one workflow may take",
        validator=validators.gt(0),
    )
    comfyui_max_concurrent_jobs: int | None = setting(
        either("COMFYUI_MAX_CONCURRENT_JOBS"),
        None,
        "how many jobs are held for it; WORKER_MAX_CONCURRENT_JOBS when not set",
        validator=validators.optional(validators.ge(1)),
    )

    @property
    def comfyui_address(self) -> str:
        """The URL of the server."""
        scheme = "https" if self.comfyui_use_ssl else "http"
        return self.comfyui_url or f"{scheme}://{self.comfyui_host}:{self.comfyui_port}"
