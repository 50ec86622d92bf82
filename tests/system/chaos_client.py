"""Somebody who submits jobs, whatever goes wrong, and cancels one now and then."""

import asyncio
from random import Random
from typing import Any

import httpx
from attrs import define, field
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.system.conftest import Site

TYPES = ("a", "b")
PATIENCE_S = 60
JOB = {"simulation": {"processing_time_s": 0.2, "steps": 2}}


class _AgainError(Exception):
    """No answer, or one that says to come back."""


@define
class ChaosClient:
    """Sends each request until it is answered, under the same key."""

    site: Site
    name: str
    chance: Random
    per_s: float
    job_ids: list[str] = field(factory=list, init=False)
    """Of the jobs that were acknowledged."""
    resent: int = field(default=0, init=False)

    async def run(self, until_s: float) -> None:
        """Submit jobs until then, by the loop's clock."""
        now_s = asyncio.get_running_loop().time
        while now_s() < until_s:
            job = {
                "type": self.chance.choice(TYPES), "payload": JOB,
                "priority": self.chance.randint(-2, 2),
            }  # fmt: skip
            answer = await self._post("/jobs", f"{self.name}-{len(self.job_ids)}", job)
            assert answer.status_code == 201, answer.text
            self.job_ids.append(answer.json()["job_id"])
            if self.chance.random() < 0.05:
                await self._cancel(self.chance.choice(self.job_ids))
            await asyncio.sleep(self.chance.expovariate(self.per_s))

    async def _cancel(self, job_id: str) -> None:
        answer = await self._post(
            f"/jobs/{job_id}/cancel", f"cancel-{job_id}", {"reason": "enough"}
        )
        assert answer.status_code in (200, 409), answer.text  # 409: it has ended already

    async def _post(self, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        asking = AsyncRetrying(
            retry=retry_if_exception_type(_AgainError),
            stop=stop_after_delay(PATIENCE_S),
            wait=wait_fixed(0.1),
        )
        return await asking(self._post_once, path, key, body)

    async def _post_once(self, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        try:
            answer = await self.site.http.post(f"{self.site.url}{path}", json=body, headers=headers)
        except httpx.TransportError as problem:
            self.resent += 1
            raise _AgainError from problem
        if "retry-after" in answer.headers or answer.status_code >= 500:
            self.resent += 1
            raise _AgainError(answer.text)
        return answer
