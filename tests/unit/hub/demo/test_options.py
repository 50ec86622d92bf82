"""What the demo's command line and environment mean."""

from pathlib import Path

import pytest

from hub.demo.options import EXAMPLE, read_options


def test_without_words_the_demo_runs_the_example_and_serves_on_3001() -> None:
    options = read_options([], {})
    assert options.workflow == EXAMPLE
    assert EXAMPLE.is_file()
    assert (options.out_dir, options.port, options.priority) == (Path("out"), 3001, 50)
    assert not options.once
    assert options.data_dir == Path("data/demo")


def test_every_option_is_taken_from_the_command_line() -> None:
    words = ["--once", "--workflow", "w.json", "--out", "o", "--port", "0", "--priority", "-7"]
    options = read_options(words, {"HUB_PORT": "4000", "HUB_DATA_DIR": "elsewhere"})
    assert options.once
    assert (options.workflow, options.out_dir) == (Path("w.json"), Path("o"))
    assert (options.port, options.priority) == (0, -7)
    assert options.data_dir == Path("elsewhere")


def test_the_port_of_the_environment_is_the_default() -> None:
    assert read_options([], {"HUB_PORT": "4000"}).port == 4000


@pytest.mark.parametrize("port", ["-1", "65536", "http", "²"])
def test_a_port_that_is_none_is_refused_by_name(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_options([], {"HUB_PORT": port})
    complaint = capsys.readouterr().err
    assert repr(port) in complaint
    assert "--port or HUB_PORT" in complaint


def test_the_hub_keeps_its_data_where_the_demo_keeps_its_logs() -> None:
    environ = read_options([], {"PATH": "/bin", "LOG_FORMAT": "json"}).hub_environ()
    assert environ["HUB_DATA_DIR"] == "data/demo"
    assert environ["PATH"] == "/bin"
    assert environ["LOG_FORMAT"] == "text"


def test_the_agent_is_told_its_hub_its_connectors_and_never_to_fail() -> None:
    given = {"WORKER_ID": "mine", "WORKER_SIMULATION_FAILURE_RATE": "0.5"}
    environ = read_options([], given).agent_environ("http://hub", ("simulation", "comfyui"))
    assert environ["HUB_URL"] == "http://hub"
    assert environ["WORKER_ID"] == "demo-worker"
    assert environ["WORKER_CONNECTORS"] == "simulation,comfyui"
    assert environ["WORKER_SIMULATION_FAILURE_RATE"] == "0"
    assert environ["WORKER_SIMULATION_PROCESSING_TIME"] == "5"
    assert environ["WORKER_DRAIN_S"] == "7.5"
    assert environ["COMFYUI_URL"] == "http://127.0.0.1:8188"


def test_the_users_processing_time_and_comfyui_count() -> None:
    given = {"WORKER_SIMULATION_PROCESSING_TIME": "1", "COMFYUI_URL": "http://gpu:1"}
    environ = read_options([], given).agent_environ("http://hub", ("simulation",))
    assert environ["WORKER_SIMULATION_PROCESSING_TIME"] == "1"
    assert environ["COMFYUI_URL"] == "http://gpu:1"
