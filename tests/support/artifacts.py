"""Files of a test on a hub."""

import hashlib

from tests.support.hubs import RunningHub


async def handed_in(hub: RunningHub, content: bytes) -> str:
    """The path of a file that a worker has handed in."""
    path = f"/artifacts/{hashlib.sha256(content).hexdigest()}"
    answer = await hub.rest.put(path, content=content)
    assert answer.status_code == 201, answer.text
    return path
