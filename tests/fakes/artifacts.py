"""The hub's store of artifacts as agents see it: an HTTP server that keeps what it is given."""

from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from attrs import define, field


@define
class ArtifactStore:
    """What has been put, and what was said on the way. `answers` are given first, then the truth."""

    url: str = field(default="", init=False)
    kept: dict[str, bytes] = field(factory=dict, init=False)
    requests: list[tuple[str, dict[str, str]]] = field(factory=list, init=False)
    answers: list[tuple[str, int]] = field(factory=list, init=False)  # method, status; 0 hangs up

    def scripted(self, method: str) -> int | None:
        """The status that the test wants for this request."""
        if self.answers and self.answers[0][0] == method:
            return self.answers.pop(0)[1]
        return None

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [method for method, _ in self.requests]


@contextmanager
def running_store() -> Generator[ArtifactStore]:
    """An empty store on a free port of this machine."""
    store = ArtifactStore()

    class Requests(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(self._status(200 if self.path in store.kept else 404))

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            status = self._status(201)
            if status == 201:
                store.kept[self.path] = content
            self._answer(status)

        do_GET = do_HEAD  # noqa: N815 - the base's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

        def _status(self, truth: int) -> int:
            store.requests.append((self.command, dict(self.headers)))
            scripted = store.scripted(self.command)
            return truth if scripted is None else scripted

        def _answer(self, status: int) -> None:
            is_read = self.command == "GET" and status == 200
            content = store.kept[self.path] if is_read else b""
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
        store.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield store
        server.shutdown()
        thread.join()
