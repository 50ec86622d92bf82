"""Parts of files, as HTTP asks for them (RFC 9110, section 14)."""

import re

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RangeOutsideError(ValueError):
    """The range lies behind the end of the file."""

    def __init__(self, size: int) -> None:
        super().__init__(f"Range: the file has {size} bytes")
        self.size = size


def part_of(header: str | None, size: int) -> range | None:
    """The bytes that a `Range` asks for, of a file of `size`; None is all of them.

    Several ranges at once are answered with the whole file, as are those nobody understands: the
    RFC allows the one and demands the other. Raises `RangeOutsideError`.
    """
    match = RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first > last:
        raise RangeOutsideError(size)
    return range(first, last + 1)
