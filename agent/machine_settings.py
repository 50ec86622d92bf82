"""Settings of the machine: what it costs, where it stands, and when the agent leaves it."""

from pathlib import Path

from attrs import frozen, validators

from shared.settings import setting

_NATURAL = validators.ge(0)


@frozen(kw_only=True, slots=False)  # of several bases only one may have slots
class MachineOptions:
    """What the operator knows of the machine, and how the agent is to end by itself."""

    provider: str | None = setting(
        "WORKER_PROVIDER",
        None,
        "who rents it out; vast.ai, RunPod, Salad, AWS, Google Cloud and Azure are recognised",
    )
    instance_type: str | None = setting(
        "WORKER_INSTANCE_TYPE", None, "what its provider calls this size of machine"
    )
    region: str | None = setting(
        ("WORKER_REGION", "REGION"), None, "where it stands, for jobs that ask for a region"
    )
    spot: bool | None = setting("WORKER_SPOT", None, "whether it may be taken away at any time")
    rate_per_hour: float = setting(
        ("WORKER_RATE_PER_HOUR", "RATE_PER_HOUR"),
        0.0,
        "what it costs an hour, in your currency",
        validator=_NATURAL,
    )
    cloud_metadata: bool = setting(
        "WORKER_CLOUD_METADATA",
        True,
        "whether AWS, Google Cloud or Azure is asked what this machine is, and if it is taken away",
    )
    cloud_metadata_url: str | None = setting(
        "WORKER_CLOUD_METADATA_URL", None, "where clouds tell that; 169.254.169.254 when not set"
    )
    spot_notice_url: str | None = setting(
        "WORKER_SPOT_NOTICE_URL",
        None,
        "what answers with a notice when it is taken away, as metadata of clouds do",
    )
    spot_notice_file: Path | None = setting(
        "WORKER_SPOT_NOTICE_FILE", None, "a file that appears when it is taken away"
    )
    spot_notice_every_s: float = setting(
        "WORKER_SPOT_NOTICE_EVERY_S",
        5.0,
        "seconds between two looks for a notice",
        validator=validators.gt(0),
    )
    exit_after_idle_s: float = setting(
        "WORKER_EXIT_AFTER_IDLE_S",
        0.0,
        "seconds without a job, after which the agent ends; 0: never",
        validator=_NATURAL,
    )
    max_jobs: int = setting(
        "WORKER_MAX_JOBS", 0, "jobs after which the agent ends; 0: never", validator=_NATURAL
    )
    max_uptime_s: float = setting(
        "WORKER_MAX_UPTIME_S",
        0.0,
        "seconds after which the agent drains and ends; 0: never",
        validator=_NATURAL,
    )
    supervisor: str = setting(
        "WORKER_SUPERVISOR",
        "auto",
        "what keeps an installed agent running: systemd, pm2, process, or none; auto: systemd where "
        "root finds it, else a plain process",
        validator=validators.in_(("auto", "systemd", "pm2", "process", "none")),
    )
    control_socket: Path | None = setting(
        "WORKER_CONTROL_SOCKET",
        None,
        "where commands reach the running agent; without it WORKER_ID.sock in the state folder",
    )
    dashboard_enabled: bool = setting(
        ("WORKER_DASHBOARD_ENABLED",), True, "whether there is a status page on this machine"
    )
    dashboard_port: int = setting(
        "WORKER_DASHBOARD_PORT",
        0,
        "the port of the status page on 127.0.0.1; 0: a free one",
        validator=[_NATURAL, validators.le(65_535)],
    )
    once: bool = setting("WORKER_ONCE", False, "end after one job")
    done_code: int = setting(
        "WORKER_DONE_CODE",
        0,
        "the exit code when it has ended as it was told; PM2 takes a death by a signal for 0",
        validator=[_NATURAL, validators.le(125)],
    )
