"""Files to and from the hub, which cost nothing until there is one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agent.connectors.base import OutputFile

if TYPE_CHECKING:
    import httpx


@define
class Artifacts:
    """The files of this agent's jobs on the hub at `_hub_url`."""

    _hub_url: str
    _token: str | None = field(repr=False)
    _http: "httpx.AsyncClient | None" = field(default=None, init=False)

    async def upload(self, file: OutputFile) -> dict[str, Any]:
        """Hand `file` to the hub; see `Uploads.upload`."""
        from agent.link.upload import Uploads  # noqa: PLC0415 - httpx is slow to import

        return await Uploads(self._client()).upload(file)

    async def download(self, sha256: str, path: Path) -> None:
        """Fetch a file from the hub; see `Downloads.download`."""
        from agent.link.download import Downloads  # noqa: PLC0415 - as above

        await Downloads(self._client()).download(sha256, path)

    async def close(self) -> None:
        """Close what was opened."""
        if self._http is not None:
            await self._http.aclose()

    def _client(self) -> "httpx.AsyncClient":
        if self._http is None:
            from agent.link.upload import open_http  # noqa: PLC0415 - as above

            self._http = open_http(self._hub_url, self._token)
        return self._http
