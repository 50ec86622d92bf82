"""One version for the code and its package."""

from importlib.metadata import version

from shared.version import VERSION


def test_the_package_has_the_version_of_the_code() -> None:
    assert version("emp-job-queue") == VERSION
