"""Files to and from the hub, which cost nothing until there is one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agent.connectors.base import OutputFile

if TYPE_CHECKING:
    from agent.link.upload import Uploads


@define
class Artifacts:
    """The files of this agent's jobs on the hub at `_hub_url`."""

    _hub_url: str
    _token: str | None = field(repr=False)
    _opened: "Uploads | None" = field(default=None, init=False)

    async def upload(self, file: OutputFile) -> dict[str, Any]:
        """Hand `file` to the hub; see `Uploads.upload`."""
        return await self._uploads().upload(file)

    async def download(self, sha256: str, path: Path) -> None:
        """Fetch a file from the hub; see `Downloads.download`."""
        from agent.link.download import Downloads  # noqa: PLC0415 - httpx is slow to import

        await Downloads(self._uploads().http).download(sha256, path)

    async def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            await self._opened.close()

    def _uploads(self) -> "Uploads":
        if self._opened is None:
            from agent.link.upload import Uploads, open_http  # noqa: PLC0415 - as above

            self._opened = Uploads(open_http(self._hub_url, self._token))
        return self._opened
