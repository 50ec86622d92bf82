"""What the memory of a process of ours comes to."""

from pathlib import Path

from tests.support.processes import Program


def resident_kb(program: Program, line: str) -> int:
    """What the kernel says of a process' memory."""
    status = Path(f"/proc/{program.popen.pid}/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0])


class Watch:
    """The peak of a process' memory from now on."""

    def __init__(self, program: Program) -> None:
        self._program = program
        Path(f"/proc/{program.popen.pid}/clear_refs").write_text("5")  # the peak is what is now
        self._before_kb = resident_kb(program, "VmRSS")

    def grown_kb(self) -> int:
        return resident_kb(self._program, "VmHWM") - self._before_kb
