"""Which addresses of the network a stranger may send this hub to: those of the public internet."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

# Beyond what `is_global` of every supported Python knows. IPv6 that wraps IPv4 may lead anywhere.
NEVER = tuple(
    ip_network(each)
    for each in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
GLOBAL_V6 = ip_network("2000::/3")


def is_reachable(text: str, inside: Iterable[str]) -> bool:
    """Whether an address is public, or in one of the networks `inside`."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in ip_network(network) for network in inside):
        return True
    if isinstance(address, IPv6Address) and address not in GLOBAL_V6:
        return False
    return address.is_global and not any(address in network for network in NEVER)
