"""What a check has found."""

from collections.abc import Iterable

from attrs import frozen


@frozen(kw_only=True)
class Finding:
    """One thing that was looked at. `problem` is None where it is as it should be."""

    name: str
    problem: str | None = None
    remedy: str = ""
    detail: str = ""  # what was found, where nothing is wrong
    blocks: bool = True  # whether no job is taken because of the problem

    @property
    def sentence(self) -> str:
        """The problem with its remedy."""
        return f"{self.name}: {self.problem}; {self.remedy}"


def blocking(findings: Iterable[Finding]) -> str | None:
    """Why no job can be taken, if none can."""
    return " | ".join(each.sentence for each in findings if each.problem and each.blocks) or None


def report(findings: Iterable[Finding]) -> str:
    """All findings, to be read by people."""
    return "\n".join(_lines(each) for each in findings)


def _lines(finding: Finding) -> str:
    if finding.problem is None:
        return f"  ok    {finding.name}: {finding.detail}"
    word = "FAIL" if finding.blocks else "warn"
    return f"  {word}  {finding.name}: {finding.problem}\n        → {finding.remedy}"
