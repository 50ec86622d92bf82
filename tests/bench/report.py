"""The benchmark's result, as JSON and as tables."""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import asdict, frozen
from rich.console import Group
from rich.table import Table

from tests.bench.bare import Bare
from tests.bench.claims import Claim
from tests.bench.codec import Codec
from tests.bench.idle import Idle
from tests.bench.monitor import Told
from tests.bench.peers.figures import Figures
from tests.bench.peers.figures import table as queue_table
from tests.bench.ratios import Ratio, bare_ratios, claim_ratios, queue_ratios, wire_ratios


@frozen
class Report:
    """All figures of one run."""

    claims: list[Claim]
    queues: list[Figures]
    bare: list[Bare]
    idle: list[Idle]
    codec: Codec
    monitors: list[Told]

    @property
    def ratios(self) -> list[Ratio]:
        """Every ratio that there is a goal for, and those that tell how far others are."""
        return [
            *claim_ratios(self.claims),
            *queue_ratios(self.queues),
            *bare_ratios(self.queues, self.bare),
            *wire_ratios(self.idle, self.codec, self.monitors),
        ]

    def document(self) -> dict[str, Any]:
        """The figures and ratios as JSON values."""
        ratios = [asdict(each) | {"is_met": each.is_met} for each in self.ratios]
        return asdict(self) | {"ratios": ratios}

    def tables(self) -> Group:
        """For people."""
        return Group(
            *_spaced(
                _claims(self.claims),
                queue_table(self.queues),
                _idle(self.idle),
                _wire(self.codec, self.monitors),
                _ratios(self.ratios),
            )
        )


def _spaced(*tables: Table) -> Iterator[Table | str]:
    for each in tables:
        yield from ("", each)


def _table(*headings: str) -> Table:
    result = Table(box=None, pad_edge=False)
    result.add_column(headings[0])
    for heading in headings[1:]:
        result.add_column(heading, justify="right", no_wrap=True)
    return result


def _claims(claims: Iterable[Claim]) -> Table:
    result = _table("claim by a worker that is", "jobs", "lanes", "us inside Redis")
    for each in claims:
        result.add_row(each.worker, f"{each.jobs:,}", f"{each.lanes:,}", f"{each.claim_us:.0f}")
    return result


def _idle(idle: Iterable[Idle]) -> Table:
    result = _table("idle", "memory", "CPU, % of a core")
    for each in idle:
        result.add_row(
            f"hub, {each.workers:,} workers, a heartbeat every {each.heartbeat_s:g} s",
            f"{each.hub_kb_per_connection:.0f} kB a connection",
            f"{each.hub_cpu_percent:.1f}",
        )
        result.add_row("its store", "", f"{each.store_cpu_percent:.1f}")
        result.add_row("agent", f"{each.agent_rss_mb:.0f} MB", f"{each.agent_cpu_percent:.2f}")
    return result


def _wire(codec: Codec, monitors: Iterable[Told]) -> Table:
    result = _table("the wire", "")
    result.add_row("a progress message, said and understood", f"{codec.codec_us:.0f} us")
    result.add_row("its frame, there and back", f"{codec.echo_us:.0f} us")
    for each in monitors:
        result.add_row(f"to a monitor, {each.asked}", f"{each.kb_a_second:.0f} kB/s")
    return result


def _ratios(ratios: Iterable[Ratio]) -> Table:
    result = _table("ratio", "value", "goal", "")
    for each in ratios:
        verdict = "" if _goal(each) == "" else "met" if each.is_met else "MISSED"
        result.add_row(each.name, f"{each.value:.2f}", _goal(each), verdict)
    return result


def _goal(ratio: Ratio) -> str:
    if ratio.at_most is not None:
        return f"<= {ratio.at_most:g}"
    return "" if ratio.at_least is None else f">= {ratio.at_least:g}"
