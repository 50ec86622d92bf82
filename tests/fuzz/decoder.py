"""`make fuzz`: a coverage-guided run of the decoder; anything but a `WireError` is a fault.

Needs `atheris`, which `make fuzz` installs beside the rest of the environment.
"""

import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

atheris: Any = import_module("atheris")

with atheris.instrument_imports():
    from shared.pieces import PieceError, is_piece, piece_of
    from shared.wire import WireError, decode, encode


def one(data: bytes) -> None:
    """A frame of any bytes is read or refused; what is read can be said again."""
    try:
        message = decode(data, "w1")
    except WireError:
        return
    assert decode(encode(message), "w1") == message
    if is_piece(message):
        with suppress(PieceError):
            piece_of(message)


def main() -> Any:
    """Run until the flags of libFuzzer say stop."""
    atheris.Setup(sys.argv, one)
    return atheris.Fuzz()


if __name__ == "__main__":
    main()
