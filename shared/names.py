"""Sets of names that are long and asked often: in order, so that a name is found by halving."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """`names` as `holds` wants them: sorted, each once."""
    return tuple(sorted(dict.fromkeys(names)))  # which is fast for names that are in order


def each_in_order(names: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The same for the names under every key."""
    return {key: in_order(each) for key, each in names.items()}


def holds(names: Sequence[str], name: str) -> bool:
    """Whether `name` is one of `names`, which are in order."""
    place = bisect_left(names, name)
    return place < len(names) and names[place] == name


def sha256_name(digest: str) -> str:
    """How a job names a model by its content, whatever its file is called."""
    return f"sha256:{digest}"
