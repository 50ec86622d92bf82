"""The one line with the real binary: from an empty home to the first finished job."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.frozen.test_binary import BINARY
from tests.support.installs import Box
from tests.system.conftest import Site

pytestmark = pytest.mark.frozen

LONGEST_S = 60


async def test_from_an_empty_home_to_the_first_finished_job(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="emp-") as data_dir:
        site = Site(Path(data_dir))
        await site.start_hub()
        box = Box(site, tmp_path)
        try:
            box.hand_out(BINARY)
            job_id = await site.submit()
            line = await box.line()
            begun_s = time.monotonic()
            code, said = box.paste(line, "--simulation-failure-rate 0", "--worker-id box")
            assert code == 0, said
            await site.reaches(job_id, "completed")
            took_s = time.monotonic() - begun_s
            print(f"one line to first finished job: {took_s:.1f} s, 5 s of them the job")  # noqa: T201
            assert took_s < LONGEST_S
            code, said = box.ask("uninstall")
            assert (code, "the agent has ended" in said) == (0, True), said
            assert not box.agent.exists()
        finally:
            box.background.stop(10)
            site.stop()
            await site.http.aclose()
