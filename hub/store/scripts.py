"""The Lua scripts as Redis gets them: a verb, and before it what it uses of what the verbs share.

Redis runs the whole text at each call. Functions that a verb does not use would be made and
collected anew for every job, and all together take longer than most verbs.
"""

import re
from functools import cache
from pathlib import Path

from attrs import frozen

from hub.store.keys import NOUNS, key, lua_prelude

LUA = Path(__file__).parent / "lua"
PART = re.compile(r"^local (?:function )?(\w+).*?(?=^local |\Z)", re.DOTALL | re.MULTILINE)
"""A function or a value that is shared; its name."""
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_NOUN = re.compile(rf"\bKEY\.({'|'.join(NOUNS)})\b")
_WORD = re.compile(r"\w+")


@frozen
class _Part:
    """One of what is shared: its name, its text, and the words in that."""

    name: str
    text: str
    words: frozenset[str]


@cache
def verbs() -> tuple[tuple[str, str], ...]:
    """Each verb, and its whole script."""
    paths = sorted(LUA.glob("[a-z]*.lua"))
    return tuple((path.stem, assembled(path.read_text(), library())) for path in paths)


@cache
def library() -> str:
    """What the scripts share: the key names, and the parts whose names begin with an underscore."""
    return "\n".join([lua_prelude(), *(path.read_text() for path in sorted(LUA.glob("_*.lua")))])


def assembled(script: str, shared: str) -> str:
    """A whole script: the shebang must come first, then what it uses, then the verb."""
    shebang, _, body = _with_names(script).partition("\n")
    used = _used(_parts(shared), body)
    return f"{shebang}\n{used}\n{body}"


def _with_names(text: str) -> str:
    """The names of keys in place of `KEY.noun`."""
    return _NOUN.sub(lambda noun: f"'{key(noun[1])}'", text)


@cache
def _parts(shared: str) -> tuple[_Part, ...]:
    found = PART.finditer(_with_names(_COMMENT.sub("", shared)))
    return tuple(_Part(part[1], part[0], frozenset(_WORD.findall(part[0]))) for part in found)


def _used(parts: tuple[_Part, ...], body: str) -> str:
    """Those of the parts that the body names, or another one that is used; in their order."""
    used, words = "", set(_WORD.findall(body))
    for part in reversed(parts):  # each uses only those before it
        if part.name in words:
            used = part.text + used
            words |= part.words
    return used
