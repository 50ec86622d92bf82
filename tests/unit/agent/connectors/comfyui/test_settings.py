"""Settings of the connector."""

import pytest

from agent.connectors.comfyui import ComfyUISettings


def test_the_socket_is_beside_the_http_address() -> None:
    settings = ComfyUISettings(url="https://gpu.example/comfy/")
    assert settings.socket_url("c1") == "wss://gpu.example/comfy/ws?clientId=c1"


def test_without_a_user_no_credentials_are_sent() -> None:
    assert ComfyUISettings().headers() == {}


def test_a_user_without_a_password_is_sent_as_one() -> None:
    assert ComfyUISettings(username="ann").headers() == {"Authorization": "Basic YW5uOg=="}


def test_the_password_is_not_shown() -> None:
    assert "pass" not in repr(ComfyUISettings(password="pass")).replace("password", "")


@pytest.mark.parametrize("bad", [{"url": "gpu:8188"}, {"max_concurrent_jobs": 0}, {"grace_s": 0}])
def test_a_bad_value_is_refused_by_name(bad: dict[str, str | int]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        ComfyUISettings(**bad)  # pyright: ignore[reportArgumentType] - bad on purpose
