"""Signed addresses, against the example of AWS' own documentation."""

from datetime import UTC, datetime

from hub.artifacts.bucket import Bucket
from hub.artifacts.signing import Signer
from hub.settings import HubSettings

# Split, so that nobody takes them for keys: they stand in the documentation of Signature Version 4.
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
SIGNATURE = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_the_example_of_the_documentation() -> None:
    signed = Signer(KEY_ID, SECRET, "us-east-1").signed(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        86_400,
        now=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert signed.endswith(f"&X-Amz-Signature={SIGNATURE}")


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Signer(KEY_ID, SECRET, "us-east-1"))


def test_a_hub_that_is_told_of_no_bucket_has_none() -> None:
    assert Bucket.of(HubSettings()) is None


def test_without_an_endpoint_it_is_that_of_the_region() -> None:
    bucket = Bucket.of(HubSettings(hub_artifacts="s3://emp", hub_artifacts_region="eu-west-1"))
    assert bucket is not None
    url = bucket.upload_url("0" * 64)
    assert url.startswith("https://s3.eu-west-1.amazonaws.com/emp/objects/" + "0" * 64 + "?")
