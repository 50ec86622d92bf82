"""stock: files of models that a worker has."""

import pytest

from hub.store import workers as workers_module
from shared.messages import ModelFile
from tests.support.store import Hand, Store

SHA = "a" * 64
SMALL = ModelFile("comfyui/loras/a b.safetensors", 5)
LARGE = ModelFile("comfyui/checkpoints/x.safetensors", 7_000_000_000, SHA)


async def test_what_a_worker_has_is_kept_and_known_better_later(store: Store, hand: Hand) -> None:
    assert await store.workers.stock("w1", [SMALL, LARGE], (), anew=True) == "stocked"
    assert await store.workers.models("w1") == [LARGE, SMALL]
    hashed = ModelFile(SMALL.name, 5, SHA)
    assert await store.workers.stock("w1", [hashed], [LARGE.name], anew=False) == "stocked"
    assert await store.workers.models("w1") == [hashed]
    assert await store.workers.stock("w1", [LARGE], (), anew=True) == "stocked"
    assert await store.workers.models("w1") == [LARGE]


async def test_said_twice_it_means_the_same(store: Store, hand: Hand) -> None:
    await store.workers.stock("w1", [SMALL], ["x"], anew=False)
    async with store.unchanged():
        await store.workers.stock("w1", [SMALL], ["x"], anew=False)


async def test_there_is_room_for_so_many_and_no_more(
    store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "MAX_MODEL_FILES", 1)
    await store.workers.stock("w1", [SMALL], (), anew=False)
    async with store.unchanged():
        assert await store.workers.stock("w1", [LARGE], (), anew=False) == "full"
        assert await store.workers.stock("w1", [SMALL, LARGE], (), anew=True) == "full"
        assert await store.workers.stock("w1", [SMALL], (), anew=False) == "stocked"


@pytest.mark.parametrize("way", ["depart", "forget"])
async def test_it_goes_with_the_connection_and_with_the_worker(
    store: Store, hand: Hand, way: str
) -> None:
    await store.workers.stock("w1", [SMALL], (), anew=True)
    if way == "depart":
        await store.workers.depart("w1", "s1", 10)
    else:
        await store.workers.forget("w1", 0)
    assert await store.workers.models("w1") == []
    async with store.unchanged():
        assert await store.workers.stock("w1", [SMALL], (), anew=True) == "unknown"
