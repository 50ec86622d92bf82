"""What was measured, as JSON and as a table."""

from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import Self

from attrs import frozen
from rich.table import Table


@frozen
class Percentiles:
    """Of a sample's values, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Takes two values or more."""
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(p50=round(cuts[49], 3), p99=round(cuts[98], 3))


@frozen
class Figures:
    """One side on one server."""

    peer: str
    version: str
    server: str
    pickup_ms: Percentiles
    """From just before the submission until the job runs, on an idle worker."""
    throughput_jobs_s: float
    """Submitted and completed at the same time, from the first submission on."""
    drain_jobs_s: float
    """Completed out of a full queue, from the worker's start on."""


def table(rows: Iterable[Figures]) -> Table:
    """For people; one row a side and server."""
    result = Table(box=None, pad_edge=False, collapse_padding=True)
    for heading in ("\nserver", "\nqueue", "\nversion"):
        result.add_column(heading, no_wrap=True)
    for heading in ("pick-up\np50 ms", "\np99 ms", "\njobs/s", "drained\njobs/s"):
        result.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        result.add_row(
            row.server,
            row.peer,
            row.version,
            f"{row.pickup_ms.p50:.2f}",
            f"{row.pickup_ms.p99:.2f}",
            f"{row.throughput_jobs_s:.0f}",
            f"{row.drain_jobs_s:.0f}",
        )
    return result
