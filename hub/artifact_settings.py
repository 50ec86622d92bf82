"""The hub's settings of files: how long they are kept, where, and where inputs come from."""

from ipaddress import ip_network

from attrs import frozen, validators

from shared.settings import setting

_positive = validators.gt(0)


def _networks(_: object, __: object, value: tuple[str, ...]) -> None:
    for each in value:
        ip_network(each)  # raises ValueError, with what is wrong


@frozen(kw_only=True, slots=False)  # a base of the hub's settings
class ArtifactOptions:
    """What a hub can be told of files."""

    artifact_grace_hours: float = setting(
        "ARTIFACT_GRACE_HOURS", 24.0, "how long a file is kept that no job names",
        validator=validators.ge(0),
    )  # fmt: skip
    artifact_keep_gb: float | None = setting(
        "ARTIFACT_KEEP_GB", None,
        "how much files may take up before those that no job names go sooner, after an hour",
        validator=validators.optional(_positive),
    )  # fmt: skip
    hub_artifacts: str | None = setting(
        "HUB_ARTIFACTS", None,
        "s3://BUCKET/PREFIX: files lie in an S3-compatible store; HUB_DATA_DIR when not set",
        validator=validators.optional(validators.matches_re(r"s3://[a-z0-9][a-z0-9.-]+(/[\w./-]*)?")),
    )  # fmt: skip
    hub_artifacts_endpoint: str | None = setting(
        "HUB_ARTIFACTS_ENDPOINT", None,
        "where that store is, for hub, workers and clients; the region's AWS when not set",
        validator=validators.optional(validators.matches_re(r"https?://[^/?#@]+/?")),
    )  # fmt: skip
    hub_artifacts_region: str = setting(
        ("HUB_ARTIFACTS_REGION", "AWS_REGION"), "us-east-1", "its region"
    )
    hub_artifacts_key_id: str | None = setting(
        ("HUB_ARTIFACTS_KEY_ID", "AWS_ACCESS_KEY_ID"), None, "the id of its key", secret=True
    )
    hub_artifacts_secret: str | None = setting(
        ("HUB_ARTIFACTS_SECRET", "AWS_SECRET_ACCESS_KEY"), None, "its key", secret=True
    )
    hub_input_hosts: tuple[str, ...] = setting(
        "HUB_INPUT_HOSTS", (),
        "the hosts that inputs may be fetched from by URL, *.example.com for all below one;"
        " any public one when not set",
    )  # fmt: skip
    hub_input_networks: tuple[str, ...] = setting(
        "HUB_INPUT_NETWORKS", (),
        "networks that are not public and that inputs may be fetched from: 10.1.0.0/16, by comma",
        validator=_networks,
    )  # fmt: skip
    hub_input_max_mb: float = setting(
        "HUB_INPUT_MAX_MB", 512.0, "the largest input by URL", validator=_positive
    )
    hub_input_timeout_s: float = setting(
        "HUB_INPUT_TIMEOUT_S", 60.0, "how long it may take to fetch one", validator=_positive
    )
