"""Parts of files, as a request's header asks for them."""

import pytest

from hub.api.ranges import RangeOutsideError, part_of

PARTS = {
    "bytes=0-0": range(1),
    "bytes=10-19": range(10, 20),
    "bytes=90-": range(90, 100),
    "bytes=90-1000": range(90, 100),
    "bytes=-1": range(99, 100),
    "bytes=-1000": range(100),
    "bytes = 1 - 2": range(1, 3),
}
WHOLE = [None, "", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes"]


@pytest.mark.parametrize(("header", "part"), PARTS.items())
def test_a_part(header: str, part: range) -> None:
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", WHOLE, ids=repr)
def test_what_is_no_single_range_is_the_whole_file(header: str | None) -> None:
    assert part_of(header, 100) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=-0", 9), ("bytes=0-", 0)]
)
def test_a_part_behind_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(RangeOutsideError, match=f"the file has {size} bytes"):
        part_of(header, size)
