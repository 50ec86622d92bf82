"""What the hub is told of models, and in how large messages."""

import pytest

from agent.link.stock import Stock
from shared.messages import MODELS_AT_ONCE, Message, ModelFile, WorkerModels
from shared.wire import encode

LONG = "comfyui/checkpoints/a folder of some depth/a-model-with-a-rather-long-name-{}.safetensors"


def files(*names: str) -> dict[str, ModelFile]:
    return {name: ModelFile(name, 1) for name in names}


@pytest.fixture
def said() -> list[Message]:
    return []


@pytest.fixture
def stock(said: list[Message]) -> Stock:
    return Stock("w1", said.append)


def test_nothing_is_said_before_the_worker_has_registered_or_of_what_is_not_known(
    stock: Stock, said: list[Message]
) -> None:
    stock.open()
    stock.forget()
    stock.change(files("a"))
    assert said == []
    stock.open()
    assert said == [WorkerModels(worker_id="w1", files=tuple(files("a").values()), anew=True)]


def test_then_what_is_new_or_gone(stock: Stock, said: list[Message]) -> None:
    stock.open()
    stock.change({})
    stock.change(files("a", "b"))
    stock.change({"b": ModelFile("b", 1, "0" * 64)})
    stock.change({"b": ModelFile("b", 1, "0" * 64)})
    assert said == [
        WorkerModels(worker_id="w1", anew=True),
        WorkerModels(worker_id="w1", files=tuple(files("a", "b").values())),
        WorkerModels(worker_id="w1", gone=("a",)),
        WorkerModels(worker_id="w1", files=(ModelFile("b", 1, "0" * 64),)),
    ]


def test_a_new_connection_is_told_all_in_messages_of_a_bounded_size(
    stock: Stock, said: list[Message]
) -> None:
    many = [ModelFile(LONG.format(n), 6_900_000_000, f"{n:064x}") for n in range(10_000)]
    stock.change({each.name: each for each in many})
    for _ in range(2):
        stock.forget()
        stock.open()
    assert len(said) == 2 * 10_000 / MODELS_AT_ONCE
    assert [bool(getattr(each, "anew", None)) for each in said[:3]] == [True, False, False]
    assert max(len(encode(each)) for each in said) < 150_000
