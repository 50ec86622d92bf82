"""The passing of a simulated job's time: equal shares, and progress over all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil

from attrs import define, field, frozen

from agent.connectors.base import Preview, Progress, Report

Look = Callable[[float], Awaitable[Preview]]
"""Returns the preview for the fraction of a stage that is done."""


@frozen(kw_only=True)
class Stage:
    """A stretch of the job: a node of its graph, or all of a plain job."""

    node: str | None = None
    title: str | None = None
    steps: int = 0  # 0 takes the time of one step, but counts and tells none

    @property
    def shares(self) -> int:
        """How many equal shares of the job's time it takes."""
        return max(1, self.steps)


@define(kw_only=True)
class Pace:
    """Leads a job through its stages in `processing_time_s`, telling progress on the way."""

    stages: Sequence[Stage]
    processing_time_s: float
    interval_s: float  # at most this long between two reports
    report: Report
    strike: Callable[[], Awaitable[None]] | None = None  # what happens in the middle of the job
    _shares: int = field(init=False)
    _done: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._shares = sum(stage.shares for stage in self.stages)

    async def walk(self, look: Look | None = None) -> None:
        """Pass every stage; with `look`, each step of one shows a preview.

        What strikes in the middle may raise, or never end.
        """
        for stage in self.stages:
            if stage.node is not None:
                self._tell(stage)
            for step in range(1, stage.shares + 1):
                await self._pass_share(stage, step - 1)
                if stage.steps:
                    preview = await look(step / stage.steps) if look else None
                    self._tell(stage, step=step, preview=preview)

    async def _pass_share(self, stage: Stage, step: int) -> None:
        if self.strike and self._done == self._shares // 2:
            await self.strike()
        share_s = self.processing_time_s / self._shares
        parts = max(1, ceil(share_s / self.interval_s))
        for part in range(1, parts):
            await asyncio.sleep(share_s / parts)
            self._tell(stage, step=step if stage.steps else 0, part=part / parts)
        await asyncio.sleep(share_s / parts)
        self._done += 1

    def _tell(
        self,
        stage: Stage,
        *,
        step: int = 0,  # the last that is done
        part: float = 0.0,
        preview: Preview | None = None,
    ) -> None:
        counted = f"{step}/{stage.steps}" if step else ""
        self.report(
            Progress(
                percent=100 * (self._done + part) / self._shares,
                message=f"{stage.title} {counted}".rstrip() if stage.title else "",
                node=stage.node,
                node_title=stage.title,
                step=step or None,
                steps=stage.steps or None,
                preview=preview,
            )
        )
