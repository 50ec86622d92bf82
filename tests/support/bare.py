"""A machine with Debian 11, curl, and nothing else: neither Python nor authorities."""

import os
import shutil
import subprocess
from pathlib import Path

from attrs import frozen

ROOT = Path("build/portable/bare").resolve()
"""As packaging/portable.sh makes it."""

# In mounts of its own; the home and what is unpacked are on the test's folder.
_ENTER = """
mount --make-rprivate /
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/srv"
mount --bind "$2/tmp" "$1/tmp"
root=$1
shift 2
exec env -i HOME=/srv PATH=/srv/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
"""


def missing() -> str | None:
    """What keeps this machine from having such a one; None if nothing does."""
    if not ROOT.is_dir():
        return "there is no build/portable/bare: make portable makes it"
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "needs root and unshare, to work inside another system's root"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "may not make mounts of its own here"
    return None


@frozen
class Bare:
    """Such a machine, whose home is a folder of the test."""

    home: Path

    def __attrs_post_init__(self) -> None:
        (self.home / "tmp").mkdir(exist_ok=True)
        (self.home / "bin").mkdir(exist_ok=True)

    def popen(self, *command: str) -> subprocess.Popen[str]:
        """Start a command; the process is the command's own."""
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-euc", _ENTER, "sh", ROOT, self.home, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """Run a line of shell; its exit code and what it said."""
        with self.popen("sh", "-c", command) as process:
            said, _ = process.communicate(timeout=120)
            return process.returncode, said
