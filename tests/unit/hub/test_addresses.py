"""Which addresses a stranger may send this hub to."""

import pytest

from hub.artifacts.addresses import is_reachable

PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "172.32.0.1", "11.0.0.1"]
NOT = [
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1",
    "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1",
    "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is(address: str) -> None:
    assert is_reachable(address, ())


@pytest.mark.parametrize("address", NOT)
def test_nothing_else_is(address: str) -> None:
    assert not is_reachable(address, ())


def test_but_what_the_operator_names() -> None:
    inside = ("10.1.0.0/16", "fd00::/8")
    found = [is_reachable(each, inside) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1")]
    assert found == [True] * 3
    assert not is_reachable("10.2.0.1", inside)
