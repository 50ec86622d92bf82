"""The checkpoints of a server, and the names that mean exactly one of them."""

from collections.abc import Iterable
from pathlib import PurePath, PureWindowsPath
from typing import Any

from attrs import frozen

_SHORT_HASH = 10


@frozen(kw_only=True)
class Checkpoint:
    """A checkpoint of the server, and every name that selects exactly it."""

    model_name: str
    stem: str  # of its file; what the server says it has used, without the folders
    aliases: frozenset[str]
    hashes: frozenset[str]  # none before it is loaded for the first time

    def is_meant(self, used: str) -> bool:
        """Whether the server means it by `NAME [HASH]` or `NAME`, as it writes of its pictures."""
        name, _, bracket = used.partition(" [")
        short_hash = bracket.removesuffix("]")
        if short_hash and self.hashes:
            return short_hash in self.hashes
        return name in {self.stem, self.model_name}


def checkpoints(rows: Iterable[dict[str, Any]]) -> list[Checkpoint]:
    """Return the checkpoints of the server's list."""
    return [_checkpoint_of(row) for row in rows]


def _checkpoint_of(row: dict[str, Any]) -> Checkpoint:
    title, name = str(row.get("title")), str(row.get("model_name"))
    sha256 = str(row.get("sha256") or "")
    hashes = {str(row.get("hash") or ""), sha256, sha256[:_SHORT_HASH]} - {""}
    file = PurePath(PureWindowsPath(str(row.get("filename"))).as_posix())
    # The title ends in the short hash from the first load on; the name before it goes on to hold.
    names = {title, title.rpartition(" [")[0] or title, name, file.name}
    return Checkpoint(
        model_name=name,
        stem=file.stem,
        aliases=frozenset(names | hashes),
        hashes=frozenset(hashes),
    )
