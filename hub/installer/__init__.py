"""What the hub hands to machines that want to work for it: the agent's binary, and a script."""

import asyncio
import hashlib
import re
from pathlib import Path

from attrs import define, field

from hub.settings import HubSettings

SCRIPT = Path(__file__).with_name("install.sh")
PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?")


class NoAgentError(Exception):
    """There is no binary here; the message says what to do."""


class AddressError(ValueError):
    """Machines cannot be told this address; the message says what to do."""


@define
class Installer:
    """The binary at `file`; `public_url` is where machines find the hub, if it is known."""

    file: Path
    public_url: str | None
    _digest: tuple[tuple[int, int], str] | None = field(default=None, init=False)

    @classmethod
    def of(cls, settings: HubSettings) -> "Installer":
        """As set."""
        file = settings.hub_agent_file or settings.hub_data_dir / "agent" / "emp-agent"
        return cls(file, settings.hub_public_url)

    def binary(self) -> Path:
        """The agent's binary. Raises `NoAgentError`."""
        if not self.file.is_file():
            raise NoAgentError(
                "this hub has no agent to hand out: build it (make agent), and put dist/emp-agent "
                "to HUB_DATA_DIR/agent/emp-agent, or name it by HUB_AGENT_FILE"
            )
        return self.file

    async def sha256(self) -> str:
        """The digest of the binary, as sha256sum writes it. Raises `NoAgentError`."""
        about = self.binary().stat()
        mark = about.st_mtime_ns, about.st_size
        if self._digest is None or self._digest[0] != mark:
            self._digest = mark, await asyncio.to_thread(_digest_of, self.file)
        return f"{self._digest[1]}  emp-agent\n"

    def script(self, asked_at: str) -> str:
        """The script for a hub that was asked at this address. Raises `NoAgentError`."""
        self.binary()
        return SCRIPT.read_text().replace("@HUB@", self.url(asked_at))

    def line(self, asked_at: str, token: str) -> str:
        """What to paste on a machine. Raises `AddressError`."""
        return f"curl -fsSL {self.url(asked_at)}/install.sh | sh -s -- --token {token}"

    def url(self, asked_at: str) -> str:
        """Where machines find the hub; nothing that a shell could take for more. Raises
        `AddressError`."""
        url = (self.public_url or asked_at).rstrip("/")
        if not PLAIN_URL.fullmatch(url):
            raise AddressError("Host: not an address; accepted: a host's name, or HUB_PUBLIC_URL")
        return url


def _digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
