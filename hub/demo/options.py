"""What a run of the demo is asked to do, read from its command line and environment."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

EXAMPLE = Path(__file__).parents[2] / "examples" / "txt2img.json"
DATA_DIR = Path("data/demo")
DEFAULT_PORT = "3001"
DEFAULT_PRIORITY = 50
COMFYUI_URL = "http://127.0.0.1:8188"
_PORT_MAX = 65535


@frozen(kw_only=True)
class Options:
    """One run of the demo."""

    environ: Mapping[str, str]
    """What hub and agent inherit."""
    workflow: Path = EXAMPLE
    """A ComfyUI workflow in the API format."""
    out_dir: Path = Path("out")
    port: int = int(DEFAULT_PORT)
    """Where the hub listens; 0 takes any free port."""
    priority: int = DEFAULT_PRIORITY
    once: bool = False
    """End after the first finished job instead of serving on."""
    hub_command: tuple[str, ...] = (sys.executable, "-m", "hub", "serve")
    agent_command: tuple[str, ...] = (sys.executable, "-m", "agent", "run")
    patience_s: float = 60.0
    """How long the job may wait without news."""
    work_patience_s: float = 300.0
    """How long it may run without news; an engine may take minutes to load a model."""
    start_within_s: float = 60.0
    """How long the hub may take to start."""
    stop_within_s: float = 15.0
    """How long hub and agent may each take to stop before they are killed."""

    @property
    def data_dir(self) -> Path:
        """Where the hub keeps its data and the demo its logs."""
        return Path(self.environ.get("HUB_DATA_DIR") or DATA_DIR)

    @property
    def comfyui_url(self) -> str:
        """Where a ComfyUI may answer."""
        return self.environ.get("COMFYUI_URL") or COMFYUI_URL

    def hub_environ(self) -> dict[str, str]:
        """The environment of the hub. It listens on loopback only, where it needs no keys."""
        inherited = {name: value for name, value in self.environ.items() if name not in _KEYS}
        return {**inherited, **_READABLE, "HUB_DATA_DIR": str(self.data_dir)}

    def agent_environ(self, hub_url: str, connectors: Sequence[str]) -> dict[str, str]:
        """The environment of the agent: one worker that never fails on purpose."""
        return {
            "WORKER_SIMULATION_PROCESSING_TIME": "5",
            **self.environ,
            **_READABLE,
            "HUB_URL": hub_url,
            "WORKER_ID": "demo-worker",
            "WORKER_CONNECTORS": ",".join(connectors),
            "WORKER_SIMULATION_FAILURE_RATE": "0",
            "WORKER_DRAIN_S": f"{self.stop_within_s / 2:g}",
            "COMFYUI_URL": self.comfyui_url,
        }


_KEYS = frozenset(
    {
        "HUB_API_KEYS",
        "HUB_API_KEYS_FILE",
        "HUB_WORKER_TOKENS",
        "HUB_WORKER_TOKENS_FILE",
        "WS_AUTH_TOKEN",
        "WEBSOCKET_AUTH_TOKEN",
    }
)
_READABLE = {"LOG_FORMAT": "text", "PYTHONUNBUFFERED": "1"}


def read_options(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the options. Ends the program as argparse does: 0 after help, 2 for a bad word."""
    chosen = _parser(environ).parse_args(argv)
    return Options(environ=dict(environ), **vars(chosen))


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emp-hub demo",
        description="Start a hub and an agent on this machine and run one workflow through them.",
    )
    parser.add_argument("--once", action="store_true", help="end after the first finished job")
    parser.add_argument(
        "--workflow",
        type=Path,
        default=EXAMPLE,
        metavar="PATH",
        help="a ComfyUI workflow in the API format (default: examples/txt2img.json)",
    )
    parser.add_argument(
        "--out",
        dest="out_dir",
        type=Path,
        default="out",
        metavar="DIR",
        help="where results are saved (default: out)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=environ.get("HUB_PORT") or DEFAULT_PORT,
        help="the hub's port, 0 for any free one (default: HUB_PORT, else 3001)",
    )
    parser.add_argument(
        "--priority",
        type=int,
        default=DEFAULT_PRIORITY,
        help="the job's priority, higher goes first (default: %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _PORT_MAX:
        raise argparse.ArgumentTypeError(
            f"expected a port from 0 to {_PORT_MAX}, got {text!r}; set --port or HUB_PORT"
        )
    return int(text)
