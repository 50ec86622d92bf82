"""A machine enrols at a real hub, keeps its credential, and works by it; and what may go wrong."""

import json
import ssl
import stat
import subprocess
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from agent.link.enrolment import (
    FILE,
    EnrolmentError,
    enrol,
    find_credential,
    forget_credential,
    with_credential,
)
from agent.preflight import hub_findings
from agent.settings import AgentSettings
from agent.trust import trust
from tests.support.agents import end, starting
from tests.support.hubs import running_hub
from tests.support.waiting import wait_until

KEYS: dict[str, Any] = {
    "hub_api_keys": ("a key of the clients",),
    "hub_worker_tokens": ("a token of workers",),
}
TOLD = {"machine_id": "m1", "credential": "the credential"}


@define
class Front:
    """What answers in the place of a hub: each answer once, the last for ever."""

    answers: list[tuple[int, object]] = field(factory=lambda: [(201, TOLD)])
    heard: list[tuple[str, dict[str, Any]]] = field(factory=list, init=False)
    url: str = field(default="", init=False)


@pytest.fixture
def front(request: pytest.FixtureRequest) -> Generator[Front]:
    front = Front()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            front.heard.append((self.path, json.loads(body)))
            status, told = front.answers.pop(0) if len(front.answers) > 1 else front.answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(told if isinstance(told, bytes) else json.dumps(told).encode())

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        scheme = "http"
        if certificate := getattr(request, "param", None):
            directory = request.getfixturevalue("tmp_path")
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*made_certificate(directory, certificate))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        front.url = f"{scheme}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield front
        server.shutdown()


def made_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine that no authority has signed, and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def settings(url: str, state_dir: Path, **more: Any) -> AgentSettings:
    plain = AgentSettings(hub_url=url, state_dir=state_dir, worker_id="w1")
    return evolve(plain, enrolment_token="a token", **more)


async def test_a_token_is_shown_once_and_the_credential_works_from_then_on(
    redis_url: str, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    async with (
        running_hub(redis_url, tmp_path / "hub", **KEYS) as hub,
        starting(HUB_URL=hub.url, WORKER_ID="w1", WORKER_STATE_DIR=str(state)) as start,
    ):
        token = (await hub.rest.post("/enrolment-tokens")).json()["token"]
        code, said = await end(await start("enrol", "--enrolment-token", token))
        assert (code, token in said) == (0, False), said
        assert stat.S_IMODE((state / FILE).stat().st_mode) == 0o600
        agent = await start(
            "run", "--simulation-processing-time-s=0", "--simulation-failure-rate=0"
        )
        await wait_until(lambda: has_worker(hub.rest), 20)
        await hub.becomes(await hub.submit(), "completed")
        (machine,) = (await hub.rest.get("/machines")).json()["machines"]
        assert machine["agent_id"] == "w1"
        await hub.rest.delete(f"/machines/{machine['machine_id']}")
        code, said = await end(agent)
        assert code == 3, said
        assert "enrol again" in said
        assert json.loads((state / FILE).read_text())["credential"] not in said


async def has_worker(rest: Any) -> bool:
    return (await rest.get("/workers")).json()["total_count"] == 1


async def test_run_enrols_by_itself_when_it_is_given_a_token(
    redis_url: str, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    async with (
        running_hub(redis_url, tmp_path / "hub", **KEYS) as hub,
        starting(HUB_URL=hub.url, WORKER_ID="w1", WORKER_STATE_DIR=str(state)) as start,
    ):
        token = (await hub.rest.post("/enrolment-tokens")).json()["token"]
        agent = await start("run", WORKER_ENROLMENT_TOKEN=token)
        await wait_until(lambda: has_worker(hub.rest), 20)
        agent.terminate()
        assert (await end(agent))[0] == 0
        code, said = await end(await start("enrol", WORKER_ENROLMENT_TOKEN=token))
        assert code == 3
        assert "token: unknown, used up or expired" in said


def test_a_token_that_is_set_goes_before_what_is_kept(front: Front, tmp_path: Path) -> None:
    mine = settings(front.url, tmp_path)
    assert with_credential(evolve(mine, enrolment_token=None)).token is None
    assert with_credential(mine).token == "the credential"
    assert with_credential(mine).token == "the credential"
    assert len(front.heard) == 1
    assert with_credential(evolve(mine, token="set")).token == "set"


def test_a_credential_is_never_shown_to_another_hub(front: Front, tmp_path: Path) -> None:
    mine = settings(front.url, tmp_path)
    kept = enrol(mine)
    assert find_credential(mine) == kept
    assert "the credential" not in repr(kept)
    assert find_credential(evolve(mine, hub_url="http://another.example")) is None
    forget_credential(tmp_path)
    assert find_credential(mine) is None


def test_a_request_whose_answer_was_lost_is_sent_again_as_it_was(
    front: Front, tmp_path: Path
) -> None:
    front.answers = [(503, {}), (201, b"cut off"), (201, TOLD)]
    assert enrol(settings(front.url, tmp_path)).machine_id == "m1"
    assert len(front.heard) == 3
    assert len({json.dumps(body) for _, body in front.heard}) == 1
    assert len(front.heard[0][1]["nonce"]) >= 16


@pytest.mark.parametrize(
    ("answer", "words", "asked"),
    [
        ((401, {"error": "token: used up"}), "answered 401: token: used up", 1),
        ((404, b"<html>"), "answered 404: Not Found", 1),
        ((500, b""), "answered 500", 3),
        ((201, b"no JSON"), "does not answer", 3),
    ],
)
def test_a_refusal_is_told(
    front: Front, tmp_path: Path, answer: tuple[int, object], words: str, asked: int
) -> None:
    front.answers = [answer]
    with pytest.raises(EnrolmentError, match=words):
        enrol(settings(front.url, tmp_path))
    assert len(front.heard) == asked


def test_without_a_hub_or_a_token_it_says_what_helps(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="check HUB_URL"):
        enrol(settings("http://127.0.0.1:9", tmp_path))
    with pytest.raises(EnrolmentError, match="set WORKER_ENROLMENT_TOKEN"):
        enrol(AgentSettings(state_dir=tmp_path))


def test_a_file_that_cannot_be_used_is_named(front: Front, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[]")
    with pytest.raises(EnrolmentError, match=f"{FILE} cannot be read.*enrol again"):
        find_credential(settings(front.url, tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(EnrolmentError, match=r"--state-dir .*cannot be written"):
        enrol(settings(front.url, tmp_path / "file"))


def test_the_proxy_of_the_environment_is_used(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", front.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert enrol(settings("http://hub.example", tmp_path)).machine_id == "m1"
    assert front.heard[0][0] == "http://hub.example/enrol"


@pytest.mark.parametrize("front", ["private"], indirect=True)
def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    mine = settings(front.url, tmp_path)
    with pytest.raises(EnrolmentError, match="self-signed certificate"):
        enrol(mine)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "private.pem"))
    assert enrol(mine).machine_id == "m1"
    assert [each.problem for each in hub_findings(mine)] == [None, None]


def test_a_machine_without_authorities_gets_those_of_certifi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    assert trust().cert_store_stats()["x509_ca"] > 50
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trust().cert_store_stats()["x509_ca"] == 0
