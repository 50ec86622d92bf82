"""Nothing in the repository speaks of one machine, or gives a secret away."""

import re
from pathlib import Path

import pytest

from tests.support.tree import files, text

# No file may hold what these match; the patterns do not match themselves.
FORBIDDEN = {
    "path of one machine": r"(?<![\w.*$}~-])/(?:root|work|home/\w+|Users/\w+)/\w",
    "package index": r"--(?:extra-)?index-url[ =]|\bindex-url\s*=|_auth[T]oken",
    "index on a private network": r"https?://(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+",
    "host of a package mirror": r"https?://[\w.-]*(?:artifactory|nexus|devpi|verdaccio)[\w.-]*/",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "cloud key": r"\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}\b",
    "access token": r"\b(?:ghp|gho|ghs|hf|glpat|xox[bp])[_-][A-Za-z0-9]{20,}\b",
    "model provider's key": r"\bsk-[A-Za-z0-9-]{20,}\b",
}
BINARY = {".png", ".jpg", ".gif", ".ico", ".woff2", ".safetensors"}


def findings(content: str) -> list[str]:
    """What is wrong with a text, in words."""
    return [
        f"{what}: {match[0]}"
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, content)
    ]


def test_no_file_speaks_of_one_machine_or_gives_a_secret_away() -> None:
    readable = [path for path in files() if path.suffix not in BINARY]
    found = {path: wrong for path in readable if (wrong := findings(text(path)))}
    assert found == {}


@pytest.mark.parametrize(
    "parts",
    [
        ("see /ro", "ot/notes"),
        ("/home", "/someone/x"),
        ("pip install --index", "-url x"),
        ("http://10.", "0.0.7/simple"),
        ("https://nex", "us.example.com/repository"),
        ("-----BEGIN RSA PRI", "VATE KEY-----"),
        ("AKIA", "ABCDEFGHIJKLMNOP"),
        ("ghp_", "abcdefghijklmnopqrstuvwxyz"),
        ("sk-", "abcdefghijklmnopqrstuvwxyz"),
    ],
)
def test_every_kind_is_found(parts: tuple[str, str]) -> None:
    assert len(findings("".join(parts))) == 1


def test_paths_of_any_machine_are_let_through() -> None:
    assert findings("/workspace/models ~/work/x $HOME/root/y https://example.com/work/x") == []
    assert Path("run") in files()
