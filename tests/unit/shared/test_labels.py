"""Labels: every operator both ways, and what cannot be read."""

from typing import Any

import pytest

from shared.fields import FieldError
from shared.labels import LabelNeed, Operator, label_needs, worker_labels

HAS = {"disk": "nvme", "driver": "550.5", "nvlink": "true", "tier": "spot"}

MET: list[dict[str, Any]] = [
    {"disk": "nvme"},
    {"disk": {"=": "nvme"}},
    {"nvlink": True},
    {"driver": 550.5},
    {"disk": {"in": ["ssd", "nvme"]}},
    {"driver": {">=": 550}},
    {"driver": {">=": 550.5}},
    {"nvlink": {"exists": True}},
    {"rdma": {"exists": False}},
    {"tier": {"not": "reserved"}},
    {"tier": {"not": ["reserved", "on-demand"]}},
    {"rdma": {"not": "off"}},
    {"disk": "nvme", "tier": {"exists": True, "not": "reserved"}},
]
UNMET: list[tuple[dict[str, Any], str, str, str]] = [
    ({"disk": "ssd"}, "disk", "= ssd", "nvme"),
    ({"rdma": "on"}, "rdma", "= on", "no such label"),
    ({"disk": {"in": ["ssd", "hdd"]}}, "disk", "in hdd, ssd", "nvme"),
    ({"rdma": {"in": ["on"]}}, "rdma", "in on", "no such label"),
    ({"driver": {">=": 551}}, "driver", ">= 551", "550.5"),
    ({"disk": {">=": 1}}, "disk", ">= 1", "nvme"),
    ({"rdma": {">=": 0}}, "rdma", ">= 0", "no such label"),
    ({"rdma": {"exists": True}}, "rdma", "exists", "no such label"),
    ({"nvlink": {"exists": False}}, "nvlink", "absent", "true"),
    ({"tier": {"not": "spot"}}, "tier", "not spot", "spot"),
    ({"tier": {"not": ["spot", "any"]}}, "tier", "not any, spot", "spot"),
    ({"tier": {"exists": True, "not": "spot"}}, "tier", "not spot", "spot"),
]


@pytest.mark.parametrize("asked", MET)
def test_a_condition_that_holds_is_met(asked: dict[str, Any]) -> None:
    assert all(need.is_met(HAS) for need in label_needs(asked))


@pytest.mark.parametrize(("asked", "label", "wants", "has"), UNMET)
def test_a_condition_that_does_not_hold_tells_both_values(
    asked: dict[str, Any], label: str, wants: str, has: str
) -> None:
    (need,) = (each for each in label_needs(asked) if not each.is_met(HAS))
    assert (need.label, need.words, need.has_words(HAS)) == (label, wants, has)


def test_a_label_that_says_infinity_is_no_number() -> None:
    (need,) = label_needs({"driver": {">=": 1}})
    assert not need.is_met({"driver": "inf"})
    assert not need.is_met({"driver": "nan"})


def test_each_value_is_kept_once_as_text() -> None:
    assert label_needs({"a": {"in": [1, "1", True, 1.0]}}) == (
        LabelNeed("a", Operator.IN, ("1", "true")),
    )


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"": "x"}, "", "1 to 63 letters"),
    ({"a b": "x"}, "a b", "1 to 63 letters"),
    ({"a": {}}, "a", "an object with any of =, in, >=, exists, not"),
    ({"a": {"~": 1}}, "a.~", "an object with any of"),
    ({"a": {"in": "x"}}, "a.in", "a list of 1 to 200 values"),
    ({"a": {"in": []}}, "a.in", "a list of 1 to 200 values"),
    ({"a": {"not": []}}, "a.not", "a list of 1 to 200 values"),
    ({"a": {">=": "550"}}, "a.>=", "a number"),
    ({"a": {">=": True}}, "a.>=", "a number"),
    ({"a": {"exists": 1}}, "a.exists", "true or false"),
    ({"a": None}, "a", "a text of at most 200 characters"),
    ({"a": ["x"]}, "a", "a text of at most 200 characters"),
    ({"a": "x" * 201}, "a", "a text of at most 200 characters"),
    ({"a": {"in": [{}]}}, "a.in", "a text of at most 200 characters"),
]


@pytest.mark.parametrize(("asked", "label", "accepted"), WRONG)
def test_what_cannot_be_read_is_named(asked: dict[str, Any], label: str, accepted: str) -> None:
    with pytest.raises(FieldError) as problem:
        label_needs(asked)
    assert problem.value.field == label
    assert accepted in problem.value.accepted


def test_a_worker_states_labels_in_one_line() -> None:
    assert worker_labels(" disk=nvme, driver = 550.5 ,nvlink,,url=a=b") == (
        ("disk", "nvme"), ("driver", "550.5"), ("nvlink", "true"), ("url", "a=b"),
    )  # fmt: skip
    assert worker_labels("") == ()


def test_a_worker_s_label_needs_a_name() -> None:
    with pytest.raises(match="is no name of a label; accepted: 1 to 63"):
        worker_labels("=x")
