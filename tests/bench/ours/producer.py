"""Submits jobs to a hub; the protocol is in ../peers/README.md."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack

from tests.bench.ours.rest import Submitter, submitter
from tests.bench.ours.worker import JOB_TYPE
from tests.bench.peers.scripts.lines import say


async def produce(url: str, width: int) -> None:
    """As many jobs as each line of standard input says, at most `width` at a time."""
    async with AsyncExitStack() as stack:
        submitters = [
            await stack.enter_async_context(submitter(url, JOB_TYPE)) for _ in range(width)
        ]
        for line in sys.stdin:
            begun, jobs = time.monotonic_ns(), int(line)
            async with asyncio.TaskGroup() as group:
                for i, each in enumerate(submitters[:jobs]):
                    group.create_task(_submit_one_by_one(each, len(range(i, jobs, width))))
            say(begun, time.monotonic_ns())


async def _submit_one_by_one(submitter: Submitter, jobs: int) -> None:
    for _ in range(jobs):
        await submitter.submit()
