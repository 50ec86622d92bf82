"""Whose certificates are trusted: the machine's authorities, or `SSL_CERT_FILE`, or certifi's.

A rented machine's image may come without any authorities.
"""

import os
import ssl

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trust() -> ssl.SSLContext:
    """What every connection to the hub is checked with."""
    context = ssl.create_default_context()  # minds both variables
    is_set = any(os.environ.get(each) for each in VARIABLES)
    if not is_set and not context.cert_store_stats()["x509_ca"]:
        import certifi  # noqa: PLC0415 - most machines do without

        context.load_verify_locations(certifi.where())
    return context
