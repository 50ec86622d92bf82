"""Which workers a machine has."""

from attrs import evolve

from agent.inventory import Driver, Gpu, LostGpu, Survey
from agent.settings import AgentSettings
from agent.stations import Post, posts


def gpu(index: int, slice_: int | None = None) -> Gpu:
    uuid = f"GPU-{index}" if slice_ is None else f"MIG-{index}-{slice_}"
    return Gpu(
        index=index,
        uuid=uuid,
        name="A Card",
        memory_gb=24,
        compute_capability=8.9,
        card=f"GPU-{index}",
        slice=slice_,
    )


def settings(**changes: object) -> AgentSettings:
    return evolve(AgentSettings(worker_id="box"), **changes)


def found(*gpus: Gpu, lost: tuple[LostGpu, ...] = ()) -> Survey:
    return Survey(driver=Driver("570", "12.8"), gpus=gpus, lost=lost)


def ids(each: list[Post]) -> list[str]:
    return [post.worker_id for post in each]


def test_without_a_gpu_there_is_one_worker() -> None:
    [post] = posts(settings(), Survey())
    assert (post.worker_id, post.gpu) == ("box", None)


def test_a_single_gpu_has_the_machines_name() -> None:
    [post] = posts(settings(), found(gpu(0)))
    assert (post.worker_id, post.gpu) == ("box", gpu(0))


def test_every_gpu_and_every_slice_has_a_worker_of_its_own() -> None:
    assert ids(posts(settings(), found(gpu(0), gpu(1, 0), gpu(1, 2)))) == [
        "box-gpu0",
        "box-gpu1-mig0",
        "box-gpu1-mig2",
    ]


def test_names_do_not_change_when_a_gpu_is_lost() -> None:
    assert ids(posts(settings(), found(gpu(1), lost=(LostGpu(0, "lost"),)))) == ["box-gpu1"]


def test_gpus_are_chosen_by_index_uuid_or_card() -> None:
    both = found(gpu(0), gpu(1, 0), gpu(1, 1))
    assert ids(posts(settings(gpus=("0",)), both)) == ["box-gpu0"]
    assert ids(posts(settings(gpus=("GPU-1",)), both)) == ["box-gpu1-mig0", "box-gpu1-mig1"]
    assert ids(posts(settings(gpus=("MIG-1-1", "9")), both)) == ["box-gpu1-mig1"]
    assert posts(settings(gpus=("none",)), both)[0].gpu is None


def test_an_engine_that_runs_already_serves_one_gpu() -> None:
    urls = "http://127.0.0.1:8188, http://127.0.0.1:8189"
    given = settings(connectors=("comfyui",), comfyui_url=urls)
    each = posts(given, found(gpu(0), gpu(1), gpu(2)))
    assert ids(each) == ["box-gpu0", "box-gpu1"]
    assert [post.settings.comfyui_address[-4:] for post in each] == ["8188", "8189"]
    both = posts(evolve(given, connectors=("comfyui", "simulation")), found(gpu(0), gpu(1), gpu(2)))
    assert both[2].settings.connectors == ("simulation",)
