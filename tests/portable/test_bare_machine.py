"""The binary of `make portable` on a machine with glibc 2.31 and without Python."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from agent.install.background import Background
from tests.fakes.gateway import NAME, gateway, port, sealed
from tests.frozen.test_binary import BINARY, LARGEST_BYTES
from tests.support.bare import Bare, missing
from tests.support.waiting import wait_until
from tests.system.conftest import Site

pytestmark = [
    pytest.mark.portable,
    pytest.mark.timeout(240),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

LONGEST_S = 60
ROOTS = 100
ENGINE = "#!/bin/sh\nexec sleep 600\n"


@pytest.fixture
async def hub() -> AsyncGenerator[Site]:
    with TemporaryDirectory(prefix="emp-") as data_dir:
        site = Site(Path(data_dir))
        await site.start_hub()
        served = site.data_dir / "agent" / "emp-agent"
        served.parent.mkdir(exist_ok=True)
        shutil.copy(BINARY, served)
        try:
            yield site
        finally:
            site.stop()
            await site.http.aclose()


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    shutil.copy(BINARY, tmp_path / "emp-agent")
    return Bare(tmp_path)


def test_it_is_a_small_file_on_an_old_system_without_python(bare: Bare) -> None:
    assert BINARY.stat().st_size <= LARGEST_BYTES
    code, said = bare.run("ldd --version | head -1; command -v python3 || echo none; ls /etc/ssl")
    assert "2.31" in said
    assert "none" in said
    assert "certs" not in said, (code, said)
    assert bare.run("/srv/emp-agent --version") == (0, "0.1.0\n")


async def test_from_nothing_to_the_first_finished_job_by_the_one_line(
    hub: Site, bare: Bare
) -> None:
    answer = await hub.http.post(f"{hub.url}/enrolment-tokens", json={})
    line = answer.json()["install"]
    background = Background(bare.home / ".emp-agent")
    try:
        begun_s = time.monotonic()
        code, said = bare.run(
            f"{line} --worker-id bare --supervisor process --simulation-failure-rate 0"
        )
        assert code == 0, said
        installed_s = time.monotonic() - begun_s
        job = await hub.reaches(await hub.submit(), "completed")
        took_s = time.monotonic() - begun_s
        assert job["status"] == "completed"
        print(f"one line: installed in {installed_s:.1f} s, first job finished in {took_s:.1f} s")  # noqa: T201
        assert took_s < LONGEST_S
    finally:
        background.stop(20)


async def test_a_hub_is_judged_by_certifis_authorities_or_by_its_own(
    hub: Site, bare: Bare, tmp_path: Path
) -> None:
    async with sealed(port(hub.url), tmp_path) as (at, _), gateway(at) as proxy:
        ask = f"HTTPS_PROXY={proxy.url} /srv/emp-agent doctor --hub-url https://{NAME}"
        code, said = await asyncio.to_thread(bare.run, ask)
        found = re.search(r"self.signed certificate \((\d+) authorities of certifi", said)
        assert (code, bool(found)) == (6, True), said
        assert found is not None
        assert int(found[1]) > ROOTS
        code, said = await asyncio.to_thread(bare.run, f"SSL_CERT_FILE=/srv/authority.pem {ask}")
        told = (
            f"hub: https://{NAME} answers, for which one of 1 authorities of SSL_CERT_FILE vouches"
        )
        assert (code, told in said) == (0, True), said
    assert set(proxy.asked) == {f"CONNECT {NAME}:443"}


async def test_a_killed_unpacker_takes_everything_with_it(hub: Site, bare: Bare) -> None:
    engine = bare.home / "bin" / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    (bare.home / "comfyui").mkdir()
    (bare.home / "comfyui" / "main.py").touch()
    flags = (
        "--hub-url",
        hub.url,
        "--worker-id",
        "bare",
        "--connectors",
        "comfyui",
        "--comfyui-dir",
        "/srv/comfyui",
        "--engine-outlives-agent-s",
        "2",
    )
    started = bare.popen("/srv/emp-agent", "run", *flags, "--comfyui-python", "/srv/bin/engine")
    with started:
        unpacker = psutil.Process(started.pid)
        try:
            await wait_until(lambda: any(_engines(unpacker)), 30)
            (sleep,) = _engines(unpacker)
            assert "LD_LIBRARY_PATH" not in sleep.environ()
            assert list(bare.home.glob("tmp/_MEI*/certifi/cacert.pem"))
            family = unpacker.children(recursive=True)
        finally:
            started.kill()
        gone, alive = psutil.wait_procs(family, 20)
        assert (len(gone), alive) == (len(family), [])


def _engines(unpacker: psutil.Process) -> list[psutil.Process]:
    return [each for each in unpacker.children(recursive=True) if each.name() == "sleep"]
