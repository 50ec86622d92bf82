"""AWS, Google Cloud and Azure, by the metadata that each gives a machine.

All three answer at the same address, each to questions of its own only.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from attrs import define, field, frozen

from agent.inventory.metadata import Answer, NoMetadataError, ask
from agent.inventory.provider import Provider

ADDRESS = "http://169.254.169.254"

_AWS_TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
_GOOGLE = {"Metadata-Flavor": "Google"}
_GOOGLE_ZONE = re.compile(r"projects/[^/]+/zones/(?P<region>[a-z0-9-]+)-[a-z]")
_AZURE = {"Metadata": "true"}
_AZURE_TAKES = frozenset({"Preempt", "Terminate"})
_UNAUTHORIZED = 401


@frozen
class Cloud:
    """The cloud of this machine. `notice` says why the machine is taken away, if it is; it blocks
    for about a second at most, and raises `NoMetadataError`.
    """

    provider: Provider
    notice: Callable[[], str | None]


def find_cloud(address: str) -> Cloud | None:
    """The cloud whose metadata are at this address; None where another server answers. Blocks.

    Raises `NoMetadataError` when nothing does.
    """
    for look in (_aws, _google, _azure):
        if found := look(address):
            return found
    return None


@define
class _Aws:
    """Metadata of AWS, which are told to who shows a token only (IMDSv2)."""

    _address: str
    _token: str = field(default="", init=False)

    def enter(self) -> bool:
        """Get a token, if this is AWS."""
        answer = ask(f"{self._address}/latest/api/token", _AWS_TTL, "PUT")
        self._token = answer.text if answer.is_ok else ""
        return answer.is_ok

    def tell(self, path: str) -> str | None:
        """One value, if there is one. A token that has run out is replaced."""
        answer = self._ask(path)
        if answer.status == _UNAUTHORIZED and self.enter():
            answer = self._ask(path)
        return answer.text if answer.is_ok else None

    def _ask(self, path: str) -> Answer:
        shown = {"X-aws-ec2-metadata-token": self._token}
        return ask(f"{self._address}/latest/meta-data/{path}", shown)

    def notice(self) -> str | None:
        """What is to become of a spot instance, two minutes before."""
        action = self.tell("spot/instance-action")
        return None if action is None else f"AWS spot instance-action {action[:200]}"


def _aws(address: str) -> Cloud | None:
    aws = _Aws(address)
    if not aws.enter() or (region := aws.tell("placement/region")) is None:
        return None
    lifecycle = aws.tell("instance-life-cycle")
    provider = Provider(
        name="aws",
        region=region,
        instance_type=aws.tell("instance-type"),
        is_spot=None if lifecycle is None else lifecycle == "spot",
    )
    return Cloud(provider, aws.notice)


def _google(address: str) -> Cloud | None:
    tell = partial(_google_tells, address)
    zone = _GOOGLE_ZONE.fullmatch(tell("zone") or "")
    if zone is None:
        return None
    provider = Provider(
        name="gcp",
        region=zone["region"],
        instance_type=(tell("machine-type") or "").rpartition("/")[2] or None,
        is_spot=tell("scheduling/preemptible") == "TRUE",
    )
    return Cloud(provider, partial(_google_notice, address))


def _google_tells(address: str, what: str) -> str | None:
    answer = ask(f"{address}/computeMetadata/v1/instance/{what}", _GOOGLE)
    return answer.text if answer.is_ok else None


def _google_notice(address: str) -> str | None:
    """Thirty seconds before a machine is preempted."""
    return "GCP preempted TRUE" if _google_tells(address, "preempted") == "TRUE" else None


def _azure(address: str) -> Cloud | None:
    told = _azure_tells(address, "instance/compute", "2021-02-01")
    if "vmSize" not in told:
        return None
    priority = told.get("priority")
    provider = Provider(
        name="azure",
        region=told.get("location"),
        instance_type=told["vmSize"],
        is_spot=priority == "Spot" if priority else None,
    )
    return Cloud(provider, partial(_azure_notice, address, str(told.get("name"))))


def _azure_notice(address: str, machine: str) -> str | None:
    """Thirty seconds before an eviction, or later. Events of other machines are told here, too."""
    told = _azure_tells(address, "scheduledevents", "2020-07-01")
    for event in told.get("Events", ()):
        if event.get("EventType") in _AZURE_TAKES and machine in event.get("Resources", ()):
            return (
                f"Azure scheduled event {event['EventType']} {event.get('NotBefore', '')}".strip()
            )
    return None


def _azure_tells(address: str, what: str, version: str) -> Mapping[str, Any]:
    query = urlencode({"api-version": version, "format": "json"})
    answer = ask(f"{address}/metadata/{what}?{query}", _AZURE)
    try:
        told = json.loads(answer.text) if answer.is_ok else None
    except ValueError as problem:
        raise NoMetadataError(f"{address}/metadata/{what}: {problem}") from problem
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}
