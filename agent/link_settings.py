"""Settings of the connection to the hub, and of how often things are looked at."""

from attrs import frozen, validators

from shared.settings import setting

_POSITIVE = validators.gt(0)


@frozen(kw_only=True, slots=False)  # of several bases only one may have slots
class LinkOptions:
    """How patient the agent is with the hub and with its services. All in seconds."""

    heartbeat_s: float | None = setting(
        ("WORKER_HEARTBEAT_INTERVAL", "HEARTBEAT_INTERVAL_SECONDS", "HEARTBEAT_INTERVAL"),
        None,
        "seconds between two heartbeats, if that is oftener than the hub asks for",
        validator=validators.optional(_POSITIVE),
    )
    reconnect_cap_s: float = setting(
        ("WORKER_RECONNECT_INTERVAL_SECONDS", "RECONNECT_INTERVAL_SECONDS"),
        30.0,
        "seconds before a hub that is away is tried again, at most; the first tries come sooner",
        validator=_POSITIVE,
    )
    connection_timeout_s: float = setting(
        "WORKER_CONNECTION_TIMEOUT",
        10.0,
        "seconds that the hub may take to accept a connection",
        validator=_POSITIVE,
    )
    recheck_s: float = setting(
        ("WORKER_HEALTH_CHECK_INTERVAL_SECONDS", "HEALTH_CHECK_INTERVAL_SECONDS"),
        30.0,
        "seconds before a worker that is not fit is looked at again",
        validator=_POSITIVE,
    )
    offers_s: float = setting(
        "WORKER_OFFERS_INTERVAL",
        120.0,
        "seconds between looks at what models and nodes the engines have now",
        validator=_POSITIVE,
    )
