"""The agent's connection goes by the proxy of the environment, and trusts whom it is told to."""

from pathlib import Path

import pytest

from tests.fakes.gateway import NAME, gateway, only, port, sealed
from tests.fakes.hub import FakeHub
from tests.support.agents import Start, end

DEAD = "http://127.0.0.1:9"


@pytest.mark.parametrize("command", ["run", "doctor"])
async def test_a_hub_behind_a_proxy_with_a_private_authority_is_reached(
    hub: FakeHub, start: Start, tmp_path: Path, command: str
) -> None:
    async with sealed(port(hub.url), tmp_path) as (at, authority), gateway(at) as proxy:
        environ = only(
            HUB_URL=f"https://{NAME}",
            HTTPS_PROXY=proxy.url,
            SSL_CERT_FILE=str(authority),
            WORKER_STATE_DIR=str(tmp_path / "state"),
        )
        agent = await start(command, *(["--exit-after-idle-s=0.5"] * (command == "run")), **environ)
        if command == "run":
            await hub.welcomed()
        code, output = await end(agent)
    assert code == 0, output
    answers = f"ok    hub: https://{NAME} answers, for which one of 1 authorities of SSL_CERT_FILE"
    assert command == "run" or answers in output
    assert set(proxy.asked) == {f"CONNECT {NAME}:443"}


async def examined(
    hub: FakeHub, start: Start, tmp_path: Path, **trusted: str
) -> tuple[int | None, str]:
    """What doctor says of a hub behind a proxy, with an authority that nobody knows."""
    async with sealed(port(hub.url), tmp_path) as (at, _), gateway(at) as proxy:
        environ = only(
            HUB_URL=f"https://{NAME}",
            HTTPS_PROXY=proxy.url,
            WORKER_STATE_DIR=str(tmp_path / "state"),
            **trusted,
        )
        return await end(await start("doctor", **environ))


async def test_a_certificate_of_nobody_that_is_trusted_is_refused(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    code, output = await examined(hub, start, tmp_path, SSL_CERT_FILE="")
    assert code == 6
    told = (
        f"FAIL  hub certificate: that of https://{NAME} is not accepted: self-signed certificate ("
    )
    assert told in output
    assert "in SSL_CERT_FILE" in output


async def test_authorities_that_are_none_are_told_of(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    nothing = str(tmp_path / "nothing.pem")
    code, output = await examined(hub, start, tmp_path, SSL_CERT_FILE=nothing, SSL_CERT_DIR="")
    assert (code, "(0 authorities of SSL_CERT_FILE are trusted)" in output) == (6, True), output


async def test_a_hub_that_needs_no_proxy_is_reached_past_it(hub: FakeHub, start: Start) -> None:
    environ = only(HTTP_PROXY=DEAD, HTTPS_PROXY=DEAD, NO_PROXY="127.0.0.1")
    agent = await start("run", "--exit-after-idle-s=0.5", **environ)
    await hub.welcomed()
    assert (await end(agent))[0] == 0
