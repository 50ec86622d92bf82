"""Files go where the connection goes: by the proxy of the environment, trusting whom it is told to."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.gateway import NAME, gateway, only, port, sealed
from tests.support.processes import Program
from tests.support.tree import ROOT
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

DEAD = "http://127.0.0.1:9"
INPUT = b"bytes of a photo" * 100_000
DIGEST = hashlib.sha256(INPUT).hexdigest()


async def runs_with_files(site: Site, environ: dict[str, str]) -> Program:
    """A job that has an input, and whose result is a picture, done by an agent that reaches no more
    than this environment lets it."""
    given = await site.http.put(f"{site.url}/artifacts/{DIGEST}", content=INPUT)
    assert given.status_code in {200, 201}, given.text
    agent = await site.start_agent(**environ)
    payload: dict[str, Any] = {
        "workflow": json.loads((ROOT / "examples" / "txt2img.json").read_text()),
        "inputs": [{"name": "photo.png", "artifact": DIGEST}],
    }
    job = await site.reaches(await site.submit(payload=payload), "completed", "failed")
    assert job["status"] == "completed", (job, agent.text())
    picture = await site.http.get(f"{site.url}{job['result']['files'][0]['url']}")
    assert picture.content.startswith(b"\x89PNG")
    return agent


async def test_by_a_proxy_to_a_hub_with_a_private_authority(site: Site, tmp_path: Path) -> None:
    async with sealed(port(site.url), tmp_path) as (at, authority), gateway(at) as proxy:
        environ = only(
            HUB_URL=f"https://{NAME}", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(authority)
        )
        agent = await runs_with_files(site, environ)
        assert agent.stop() == 0
    assert set(proxy.asked) == {f"CONNECT {NAME}:443"}
    assert len(proxy.asked) > 1  # one for messages, one for files


async def test_by_a_proxy_to_a_hub_without_a_certificate(site: Site) -> None:
    async with gateway(port(site.url)) as proxy:
        environ = only(HUB_URL=f"http://{NAME}", HTTP_PROXY=proxy.url)
        agent = await runs_with_files(site, environ)
        assert agent.stop() == 0
    assert f"GET http://{NAME}/artifacts/{DIGEST}" in proxy.asked
    assert f"CONNECT {NAME}:80" in proxy.asked


@pytest.mark.parametrize("excepted", ["127.0.0.1", "*", "example.org,127.0.0.1,10.0.0.1"])
async def test_past_a_proxy_that_the_hub_is_excepted_from(site: Site, excepted: str) -> None:
    environ = only(HTTP_PROXY=DEAD, HTTPS_PROXY=DEAD, ALL_PROXY=DEAD, NO_PROXY=excepted)
    agent = await runs_with_files(site, environ)
    assert agent.stop() == 0
