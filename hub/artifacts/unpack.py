"""The process that unpacks a large message: `ROOT INLINE`, the message as standard input.

Of a payload or result larger than INLINE bytes the large members become files under ROOT, or all of it;
what is written is the message that refers to them. 1, with why, if it cannot. The message is mapped,
never read as a whole.
"""

import hashlib
import mmap
import os
import re
import resource
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

REFERENCE = "$artifact"
LARGE_FIELDS = {
    "submit_job": ("payload",),
    "complete_job": ("result",),
    "job_completed": ("result",),
}
"""Which fields may be large, by the type of message."""
LARGEST_REST = 4 * 1024 * 1024
"""Bytes of a message without them."""
MAX_DEPTH = 64
SLICE = 1024 * 1024
LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 120,
    resource.RLIMIT_CORE: 0,
}
_BRACKETS = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"|[^"\[\]{}]++)++|([\[{])|[\]}]', re.DOTALL)


class UnreadableError(Exception):
    """The message cannot be unpacked; says which field, and why."""


def main(message: mmap.mmap, root: Path, inline: int) -> bytes:
    """The message with references. Raises `UnreadableError`."""
    try:
        fields = msgspec.json.decode(message, type=dict[str, msgspec.Raw])
        name = msgspec.json.decode(fields.get("type", b"null"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise UnreadableError(f"not JSON: {problem}") from problem
    allowed = LARGE_FIELDS.get(name, ()) if isinstance(name, str) else ()
    for field in allowed:
        content = memoryview(fields.get(field, b"0"))
        if content.nbytes > inline:
            check_depth(content, field)
            fields[field] = msgspec.Raw(msgspec.json.encode(packed(content, root, inline)))
    said = msgspec.json.encode(fields)
    if len(said) > LARGEST_REST:
        raise UnreadableError(
            f"not readable: the message is larger than {LARGEST_REST} bytes; only the payload of "
            "submit_job and the result of complete_job may be"
        )
    return said


def packed(content: memoryview, root: Path, inline: int) -> dict[str, object]:
    """A large value without what is large in it: its members, or else all of it."""
    if bytes(content[:1]) != b"{":
        return kept(content, root)
    members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    sizes = {name: memoryview(raw).nbytes for name, raw in members.items()}
    small = sum(size for size in sizes.values() if size <= inline)
    if "inputs" in sizes and (sizes["inputs"] > inline or small > inline):
        raise UnreadableError(
            "payload.inputs: too much to be looked through; upload the files by POST /artifacts, and "
            "name them"
        )
    if small > inline:
        return kept(content, root)
    return {
        name: kept(memoryview(raw), root) if sizes[name] > inline else raw
        for name, raw in members.items()
    }


def kept(content: memoryview, root: Path) -> dict[str, object]:
    """Make a file of a value; what the message says in its place."""
    digest = hashlib.sha256()
    folder = root / "incoming"  # where whatever is left unfinished is removed after a while
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix="value-", delete=False) as file:
        for at in range(0, content.nbytes, SLICE):
            digest.update(content[at : at + SLICE])
            file.write(content[at : at + SLICE])
        file.flush()
        os.fsync(file.fileno())
    sha256 = digest.hexdigest()
    # Which files are JSON is written down: only they are ever put into a message again.
    (root / "values").mkdir(exist_ok=True)
    (root / "values" / sha256).touch()
    (root / sha256[:2]).mkdir(exist_ok=True)
    Path(file.name).replace(root / sha256[:2] / sha256)
    return {
        REFERENCE: {
            "sha256": sha256,
            "size_bytes": content.nbytes,
            "mime_type": "application/json",
            "url": f"/artifacts/{sha256}",
        }
    }


def check_depth(content: memoryview, field: str) -> None:
    """Raises `UnreadableError` for a value that no reader of frames would take."""
    depth = 2  # the message, and the value itself
    for token in _BRACKETS.finditer(content):
        if token.lastindex:
            depth += 1
        elif content[token.start()] in b"]}":
            depth -= 1
        if depth > MAX_DEPTH + 2:
            raise UnreadableError(f"{field}: nested too deeply; {MAX_DEPTH} levels are the most")


if __name__ == "__main__":
    for what, most in LIMITS.items():
        resource.setrlimit(what, (most, most))
    os.nice(10)
    try:
        mapped = mmap.mmap(sys.stdin.fileno(), 0, prot=mmap.PROT_READ)
        sys.stdout.buffer.write(main(mapped, Path(sys.argv[1]), int(sys.argv[2])))
    except UnreadableError as unreadable:
        sys.exit(str(unreadable))
