"""Jobs for the stand-in, and how to run them."""

from typing import Any

from agent.connectors.a1111 import A1111
from agent.connectors.base import Result, Work
from tests.support.reports import Reports

SMALL = {"prompt": "a cat", "steps": 4, "width": 64, "height": 64, "seed": 7}


async def run(server: A1111, reports: Reports | None = None, /, **payload: Any) -> Result:
    """Run a job; without a task it draws a small cat."""
    given = payload if "task" in payload else SMALL | payload
    work = Work(job_id="0c39-job", attempt=1, type="a1111", payload=given)
    return await server.run(work, reports or Reports())
