import pytest

from tests.bench import claims as claims_module
from tests.bench.claims import claims
from tests.bench.filling import Filling

pytestmark = pytest.mark.redis


async def test_a_narrow_and_a_broad_worker_are_measured_in_each_filling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claims_module, "FILLINGS", (Filling(5, 1), Filling(5, 9)))
    monkeypatch.setattr(claims_module, "CLAIMS", 3)

    measured = [each async for each in claims()]

    assert [(each.worker, each.jobs, each.lanes) for each in measured] == [
        ("narrow", 5, 1), ("broad", 5, 1), ("narrow", 5, 9), ("broad", 5, 9),
    ]  # fmt: skip
    assert all(each.claim_us > 0 for each in measured)
