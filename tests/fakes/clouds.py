"""The metadata services of AWS, Google Cloud and Azure, each as strict as the real one."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

MACHINE = "box-7"
AZURE: dict[str, Any] = {
    "name": MACHINE, "location": "westeurope", "vmSize": "Standard_NC24ads_A100_v4",
    "priority": "Spot",
}  # fmt: skip


@define
class Metadata:
    """A server of one kind: `aws`, `gcp`, `azure`, or another that knows none of the questions."""

    kind: str
    pages: dict[str, str] = field(factory=dict)  # what there is besides what every machine has
    url: str = field(default="", init=False)
    tokens: list[str] = field(factory=list, init=False)  # of AWS: only the last is good
    asked: list[str] = field(factory=list, init=False)

    def answer(self, method: str, target: str, headers: Any) -> tuple[int, str]:
        """Status and body."""
        self.asked.append(f"{method} {target}")
        kinds: dict[str, Callable[[str, str, Any], tuple[int, str]]] = {
            "aws": self._aws, "gcp": self._gcp, "azure": self._azure,
        }  # fmt: skip
        return kinds[self.kind](method, target, headers) if self.kind in kinds else (404, "")

    def page(self, path: str) -> tuple[int, str]:
        """What lies there."""
        return (200, self.pages[path]) if path in self.pages else (404, "")

    def _aws(self, method: str, target: str, headers: Any) -> tuple[int, str]:
        if target == "/latest/api/token":
            if method != "PUT" or "X-aws-ec2-metadata-token-ttl-seconds" not in headers:
                return 400, ""
            self.tokens.append(f"token-{len(self.tokens)}")
            return 200, self.tokens[-1]
        if not self.tokens or headers["X-aws-ec2-metadata-token"] != self.tokens[-1]:
            return 401, ""
        return self.page(target.removeprefix("/latest/meta-data/"))

    def _gcp(self, method: str, target: str, headers: Any) -> tuple[int, str]:
        if method != "GET":
            return 405, ""
        if not target.startswith("/computeMetadata/v1/instance/"):
            return 404, ""
        if headers["Metadata-Flavor"] != "Google":
            return 403, ""
        return self.page(target.removeprefix("/computeMetadata/v1/instance/"))

    def _azure(self, method: str, target: str, headers: Any) -> tuple[int, str]:
        if method != "GET":
            return 405, ""
        address = urlsplit(target)
        if not address.path.startswith("/metadata/"):
            return 404, ""
        if headers["Metadata"] != "true" or "api-version" not in parse_qs(address.query):
            return 400, ""
        return self.page(address.path.removeprefix("/metadata/"))


AWS_PAGES = {
    "placement/region": "eu-central-1", "instance-type": "g5.xlarge",
    "instance-life-cycle": "spot",
}  # fmt: skip
GCP_PAGES = {
    "zone": "projects/123/zones/us-central1-a", "scheduling/preemptible": "TRUE",
    "machine-type": "projects/123/machineTypes/g2-standard-4", "preempted": "FALSE",
}  # fmt: skip
AZURE_PAGES = {
    "instance/compute": json.dumps(AZURE),
    "scheduledevents": json.dumps({"DocumentIncarnation": 1, "Events": []}),
}
USUAL = {"aws": AWS_PAGES, "gcp": GCP_PAGES, "azure": AZURE_PAGES}


def events(kind: str, machine: str) -> str:
    """What Azure tells of one event that is to come."""
    event = {
        "EventId": "e1", "EventType": kind, "ResourceType": "VirtualMachine",
        "Resources": [machine], "EventStatus": "Scheduled",
        "NotBefore": "Mon, 19 Sep 2022 18:29:47 GMT",
    }  # fmt: skip
    return json.dumps({"DocumentIncarnation": 2, "Events": [event]})


@contextmanager
def metadata(kind: str) -> Generator[Metadata]:
    """A service of this kind on a free port of this machine, with what every machine is told."""
    service = Metadata(kind, dict(USUAL.get(kind, {})))

    class Door(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            status, body = service.answer(self.command, self.path, self.headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = _serve  # noqa: N815 - the names of the standard library

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is named there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield service
        server.shutdown()
        serving.join()
