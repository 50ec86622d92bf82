"""What a worker is: what was found, and what the operator says instead."""

from typing import Any, cast

import pytest

from agent.connectors import make_connectors
from agent.connectors.offers import Ready
from agent.inventory import Gpu, Provider
from agent.settings import AgentSettings
from agent.stations import introducing
from agent.stations.posts import Post
from agent.stations.standing import standing
from shared.engines import Engine
from shared.matching import Capability
from shared.settings import read
from tests.fakes.connector import ScriptedConnector

FOUND = Capability(services=("comfyui", "simulation"), models={"comfyui": ("found",)})
GPU = Gpu(index=0, uuid="GPU-1", name="RTX 4090", memory_gb=24, compute_capability=8.9)


def told(gpu: Gpu | None = GPU, **environ: str) -> Capability:
    settings = read(AgentSettings, (), environ, "emp-agent run", "")
    return standing(FOUND, settings, Provider(name="vast", is_spot=True, region="eu"), gpu)


def test_without_a_word_it_is_what_was_found() -> None:
    plain = told()
    assert (plain.hardware.gpu_model, plain.hardware.gpu_memory_gb) == ("RTX 4090", 24)
    assert (plain.hardware.gpu_count, plain.hardware.compute_capability) == (1, 8.9)
    assert plain.hardware.cpu_cores > 0
    assert (plain.services, plain.models) == (FOUND.services, FOUND.models)
    assert (plain.location.region, plain.labels) == ("eu", {"provider": "vast", "spot": "true"})
    assert plain.customer_access.isolation == "loose"
    assert plain.performance.quality_levels is None


def test_what_the_operator_says_of_the_hardware_counts() -> None:
    said = told(
        GPU_MEMORY_GB="16", GPU_MODEL="A", GPU_COUNT="2", GPU_COMPUTE_CAPABILITY="8.6",
        CPU_CORES="3", RAM_GB="5", STORAGE_GB="7",
    ).hardware  # fmt: skip
    assert (said.gpu_memory_gb, said.gpu_model, said.gpu_count) == (16, "A", 2)
    assert (said.compute_capability, said.cpu_cores) == (8.6, 3)
    assert (said.ram_gb, said.storage_gb) == (5, 7)


def test_a_machine_without_nvml_can_say_what_it_has() -> None:
    assert told(None, WORKER_GPU_MODEL="B").hardware.gpu_model == "B"
    assert told(None).hardware.gpu_count == 0


def test_customers_place_and_quality_are_told() -> None:
    said = told(
        CUSTOMER_ISOLATION="STRICT", ALLOWED_CUSTOMERS="a, b", DENIED_CUSTOMERS="c",
        QUALITY_LEVELS="fast,quality", COMPLIANCE_TAGS="gdpr,hipaa", REGION="us",
        RATE_PER_HOUR="2.5",
    )  # fmt: skip
    access = said.customer_access
    assert (access.isolation, access.allowed_customers) == ("strict", ("a", "b"))
    assert access.denied_customers == ("c",)
    assert said.performance.quality_levels == ("fast", "quality")
    assert (said.location.region, said.location.compliance_zones) == ("us", ("gdpr", "hipaa"))
    assert said.cost.rate_per_hour == 2.5


def test_the_rest_is_labels_that_jobs_may_ask_for() -> None:
    said = told(
        WORKER_TYPE="gpu", WORKER_DESCRIPTION="a good one, they say", STORAGE_TYPE="SSD",
        DATA_LOCALITY="any", COST_TIER="standard", CPU_THREADS="16", WORKER_LABELS="type=mine",
    ).labels  # fmt: skip
    assert said == {
        "provider": "vast", "spot": "true", "type": "mine", "description": "a good one, they say",
        "storage_type": "SSD", "data_locality": "any", "cost_tier": "standard", "cpu_threads": "16",
    }  # fmt: skip


def test_models_are_said_of_services_that_are_there() -> None:
    said = told(COMFYUI_MODELS="one,two", A1111_MODELS="three")
    assert said.models == {"comfyui": ("one", "two")}


@pytest.mark.parametrize(
    ("name", "value"), [("QUALITY_LEVELS", "fast,best"), ("CUSTOMER_ISOLATION", "some")]
)
def test_what_is_no_level_is_refused(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        told(GPU, **{name: value})
    assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "address", "user", "slots"),
    [
        ({}, "http://127.0.0.1:8188", "u", 4),
        ({"COMFYUI_HOST": "box", "COMFYUI_PORT": "9"}, "http://box:9", "u", 4),
        ({"COMFYUI_HOST": "box", "COMFYUI_USE_SSL": "true"}, "https://box:8188", "u", 4),
        ({"COMFYUI_URL": "http://a:1", "COMFYUI_HOST": "box"}, "http://a:1", "u", 4),
        ({"WORKER_COMFYUI_USE_BASIC_AUTH": "false"}, "http://127.0.0.1:8188", None, 4),
        ({"COMFYUI_MAX_CONCURRENT_JOBS": "2"}, "http://127.0.0.1:8188", "u", 2),
    ],
    ids=str,
)
def test_comfyui_is_found_where_it_is_said_to_be(
    environ: dict[str, str], address: str, user: str | None, slots: int
) -> None:
    plain = {"WORKER_CONNECTORS": "comfyui", "WORKER_MAX_CONCURRENT_JOBS": "4"}
    plain |= {"COMFYUI_USERNAME": "u", "COMFYUI_PASSWORD": "p"}
    settings = read(AgentSettings, (), plain | environ, "emp-agent run", "")
    [connector] = make_connectors(settings)
    told = cast("Any", connector)._settings
    assert (told.url, told.username, told.max_concurrent_jobs) == (address, user, slots)


def test_an_engine_that_tells_no_version_is_an_engine_all_the_same() -> None:
    settings = read(AgentSettings, (), {}, "emp-agent run", "")
    first, second = ScriptedConnector(), ScriptedConnector()
    first.name, second.name = "a1111", "rest-sync"
    ready = [Ready(each, each.offered) for each in (first, second)]
    able = introducing.able(Post(settings, None), Provider(), ready)
    assert (able.engines, "a1111_version" in able.labels) == ((Engine("a1111"),), False)
