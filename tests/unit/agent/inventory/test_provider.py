"""Who rents the machine out."""

import pytest

from agent.inventory import Provider, find_provider


@pytest.mark.parametrize(
    ("environ", "provider"),
    [
        ({}, Provider()),
        ({"RUNPOD_POD_ID": "x", "RUNPOD_DC_ID": "US-1"}, Provider(name="runpod", region="US-1")),
        ({"SALAD_MACHINE_ID": "x"}, Provider(name="salad", is_spot=True)),
        ({"VAST_CONTAINERLABEL": "C.1"}, Provider(name="vast.ai")),
    ],
)
def test_providers_are_recognised_by_their_variables(
    environ: dict[str, str], provider: Provider
) -> None:
    assert find_provider(environ) == provider
