"""Which files of models the hub has been told of on this connection."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import define, field

from shared.messages import MODELS_AT_ONCE, Message, ModelFile, WorkerModels

T = TypeVar("T")


@define
class Stock:
    """Tells what is new, in messages of a bounded size; all of it on a new connection."""

    _worker_id: str
    _send: Callable[[Message], None]
    _files: Mapping[str, ModelFile] | None = field(default=None, init=False)  # None: not known yet
    _told: Mapping[str, ModelFile] | None = field(default=None, init=False)
    _is_open: bool = field(default=False, init=False)

    def forget(self) -> None:
        """The connection is a new one: nothing has been told on it, nor can be yet."""
        self._told, self._is_open = None, False

    def open(self) -> None:
        """The worker has registered: what is known can be told."""
        self._is_open = True
        self._tell()

    def change(self, files: Mapping[str, ModelFile]) -> None:
        """This is what there is now."""
        self._files = files
        self._tell()

    def _tell(self) -> None:
        if not self._is_open or self._files is None:
            return
        told, now = self._told or {}, self._files
        new = [each for name, each in now.items() if told.get(name) != each]
        gone = [name for name in told if name not in now]
        is_first = self._told is None
        self._told = now
        for each in _parts(gone):
            self._send(WorkerModels(worker_id=self._worker_id, gone=tuple(each)))
        for each in _parts(new) or ([[]] if is_first else []):
            self._send(WorkerModels(worker_id=self._worker_id, files=tuple(each), anew=is_first))
            is_first = False


def _parts(whole: Sequence[T]) -> list[Sequence[T]]:
    return [whole[at : at + MODELS_AT_ONCE] for at in range(0, len(whole), MODELS_AT_ONCE)]
