"""A worker in one file: `HUB_URL=ws://127.0.0.1:3001 python minimal_worker.py`. Needs `websockets`."""

import asyncio
import json
import os
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

WORKER = os.environ.get("WORKER_ID", "minimal")
URL = os.environ.get("HUB_URL", "ws://127.0.0.1:3001") + f"/ws/worker/{WORKER}"
TOKEN = os.environ.get("WORKER_TOKEN", "")
SERVICE = os.environ.get("SERVICE", "simulation")


async def say(hub: ClientConnection, kind: str, **fields: Any) -> None:
    await hub.send(json.dumps({"type": kind, "worker_id": WORKER} | fields))


async def work(hub: ClientConnection, job: dict[str, Any]) -> None:
    """Whatever the job is: here it takes half a second, and says how far it is."""
    for percent in (0, 50):
        await say(hub, "update_job_progress", job_id=job["job_id"], progress=percent)
        await asyncio.sleep(0.25)
    await say(hub, "complete_job", job_id=job["job_id"], result={"echo": job["params"]})


async def beat(hub: ClientConnection, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await say(hub, "worker_heartbeat")  # renews what was assigned on this connection


async def talk(hub: ClientConnection, tasks: asyncio.TaskGroup) -> None:
    await say(hub, "register_worker", capabilities={"services": [SERVICE]})
    async for frame in hub:
        message = json.loads(frame)
        match message["type"]:
            case "worker_registered":
                tasks.create_task(beat(hub, message["heartbeat_s"]))
                await say(hub, "claim_job")  # parked until there is one
            case "job_assigned":
                tasks.create_task(work(hub, message))
            case "job_completed_ack":
                print("completed", message["job_id"], flush=True)
                await say(hub, "claim_job")
            case "error" | "unknown":
                print("the hub says:", message.get("error") or message.get("content"), flush=True)


async def main() -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    async with connect(URL, additional_headers=headers) as hub, asyncio.TaskGroup() as tasks:
        await talk(hub, tasks)
        raise SystemExit(f"the hub has closed: {hub.close_code} {hub.close_reason}")


asyncio.run(main())
