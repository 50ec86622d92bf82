"""Whose certificates are trusted: the machine's authorities, or `SSL_CERT_FILE`, or certifi's.

A rented machine's image may come without any authorities.
"""

import os
import ssl

from attrs import frozen

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@frozen
class Trust:
    """What a connection is checked with, and where its authorities come from."""

    context: ssl.SSLContext
    source: str

    def __str__(self) -> str:
        """Of a folder that is named, only those are counted that were needed."""
        return f"{self.context.cert_store_stats()['x509_ca']} authorities of {self.source}"


def find_trust() -> Trust:
    """The authorities of this machine, of the variables, or of certifi."""
    context = ssl.create_default_context()  # minds both variables
    named = [name for name in VARIABLES if os.environ.get(name)]
    if named or context.cert_store_stats()["x509_ca"]:
        return Trust(context, " and ".join(named) or "this machine")
    import certifi  # noqa: PLC0415 - most machines do without

    context.load_verify_locations(certifi.where())
    return Trust(context, "certifi")


def trust_for(url: str) -> ssl.SSLContext | bool:
    """What httpx is to check at an address: nothing where there is no certificate, for the
    authorities take 20 ms and some 5 MB.
    """
    return trust() if url.startswith("https:") else False


def trust() -> ssl.SSLContext:
    """What every connection to the hub is checked with."""
    return find_trust().context
