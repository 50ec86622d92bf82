"""What is missing, in words."""

import pytest
from attrs import evolve

from shared.matching import PREDICATES, Capability, Requirement, Unmet, unmet
from shared.words import told, told_of_all
from tests.unit.shared.test_matching import UNMET


@pytest.mark.parametrize(("requirement", "capability", "field", "wants", "has"), UNMET)
def test_every_predicate_has_words_for_both_values(
    requirement: Requirement, capability: Capability, field: str, wants: str, has: str
) -> None:
    (first,) = unmet(capability, requirement)
    assert told(first).startswith("needs ")
    assert wants in told(first)
    assert told(first).endswith(f", has {has}")


@pytest.mark.parametrize(
    ("field", "needs", "has", "words"),
    [
        ("hardware.gpu_memory_gb", "20", "16", "needs 20 GB of GPU memory, has 16"),
        ("service_type", "a1111", "comfyui", "needs the service a1111, has comfyui"),
        ("max_rate_per_hour", "<= 1.5", "2", "needs a rate per hour <= 1.5, has 2"),
        ("labels.driver", ">= 550", "535", "needs the label driver >= 550, has 535"),
    ],
)
def test_the_words_are_plain(field: str, needs: str, has: str, words: str) -> None:
    assert told(Unmet(field, needs, has)) == words


@pytest.mark.parametrize(
    ("field", "needs", "has", "words"),
    [
        ("hardware.gpu_memory_gb", "20", ["8", "16", "8"], "20 GB of GPU memory; the best of 3 workers has 16"),
        ("hardware.gpu_memory_gb", "20", ["16"], "20 GB of GPU memory; the only worker has 16"),
        ("max_rate_per_hour", "<= 1", ["3", "2.5"], "a rate per hour <= 1; the best of 2 workers has 2.5"),
        ("labels.driver", ">= 550", ["no such label", "535"], "the label driver >= 550; the best of 2 workers has 535"),
        ("labels.driver", "= 550", ["600", "535"], "the label driver = 550; the 2 workers have 600 or 535"),
        ("geographic_region", "eu", ["a", "b", "c", "d"], "the region eu; the 4 workers have a or b or c or others"),
    ],
)  # fmt: skip
def test_the_best_of_several_is_told(field: str, needs: str, has: list[str], words: str) -> None:
    unmets = [evolve(Unmet(field, needs, ""), has=each) for each in has]
    assert told_of_all(unmets, len(has)) == f"needs {words}"


def test_no_predicate_is_without_words() -> None:
    fields = {field for _, _, field, _, _ in UNMET}
    assert len(fields) == len(PREDICATES)


def test_of_a_long_list_only_the_names_like_the_missing_ones_are_told() -> None:
    models = ("sdxl/base_1.0.safetensors", *(f"{number}.sft" for number in range(30)))
    worker = Capability(services=("s",), models={"s": models})
    (near,) = unmet(worker, Requirement(service_type="s", models=("sdxl/base_1.1.safetensors",)))
    assert told(near) == (
        "needs the models sdxl/base_1.1.safetensors, has sdxl/base_1.0.safetensors and 30 others"
    )
    (far,) = unmet(worker, Requirement(service_type="s", models=("Q",)))
    assert told(far) == "needs the models Q, has 31 others"
    assert told_of_all([far], 1) == "needs the models Q; the only worker has 31 others"
