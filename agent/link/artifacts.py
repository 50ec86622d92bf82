"""Uploads that cost nothing until there is a file."""

from typing import TYPE_CHECKING, Any

from attrs import define, field

from agent.connectors.base import OutputFile

if TYPE_CHECKING:
    from agent.link.upload import Uploads


@define
class Artifacts:
    """The files of this agent's results on the hub at `_hub_url`."""

    _hub_url: str
    _token: str | None = field(repr=False)
    _uploads: "Uploads | None" = field(default=None, init=False)

    async def upload(self, file: OutputFile) -> dict[str, Any]:
        """Hand `file` to the hub; see `Uploads.upload`."""
        if self._uploads is None:
            from agent.link.upload import open_uploads  # noqa: PLC0415 - httpx is slow to import

            self._uploads = open_uploads(self._hub_url, self._token)
        return await self._uploads.upload(file)

    async def close(self) -> None:
        """Close what was opened."""
        if self._uploads is not None:
            await self._uploads.close()
