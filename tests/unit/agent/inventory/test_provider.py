"""Who rents the machine out."""

import pytest

from agent.inventory import Provider, find_provider, without_provider


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


def test_what_a_provider_sets_is_not_taken_for_the_operators_word() -> None:
    said = {"GPU_COUNT": "8", "WORKER_GPU_COUNT": "2"}
    assert without_provider(said) == said
    vast = {"VAST_CONTAINERLABEL": "C.1"}
    assert without_provider(said | vast) == {"WORKER_GPU_COUNT": "2"} | vast
