"""Connections that the hub keeps for longer than its callers do."""

import httpx

from hub.app import KEPT_S

NGINX_UPSTREAM_S = 60


def test_the_hub_hangs_up_on_no_client_and_no_proxy_before_they_do() -> None:
    by_default = httpx.Limits().keepalive_expiry
    assert by_default is not None
    assert max(by_default, NGINX_UPSTREAM_S) < KEPT_S
