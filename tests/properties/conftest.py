"""A server that a test may kill."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.properties.killable import KillableServer
from tests.support.servers import selected_kinds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "killable" in metafunc.fixturenames:
        metafunc.parametrize("killable", selected_kinds(), indirect=True)


@pytest.fixture
def killable(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[KillableServer]:
    with KillableServer(tmp_path / "server", request.param) as server:
        yield server
