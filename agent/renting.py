"""A machine that is rented: whose it is, and the notice that it is taken away."""

import asyncio
import logging
from collections.abc import Sequence

from agent.inventory import Cloud, NoMetadataError, ask, find_cloud
from agent.inventory.clouds import ADDRESS
from agent.leaving import Stop
from agent.settings import AgentSettings
from agent.stations import Station

log = logging.getLogger(__name__)

_TRIES_AFTER_S = (0.0, 5.0, 30.0)  # the network of a machine that has just started may come late
_NO_NOTICE = {"", "false", "none"}


async def watch_notices(settings: AgentSettings, stop: Stop) -> None:
    """Preempt at the notice that the settings name."""
    url, file = settings.spot_notice_url, settings.spot_notice_file
    if url is None and file is None:
        return
    while not (file and file.exists()) and not (url and await asyncio.to_thread(_told, url)):  # noqa: ASYNC110 - neither has an event
        await asyncio.sleep(settings.spot_notice_every_s)
    _preempt(stop, "a notice of the settings")


async def watch_cloud(settings: AgentSettings, stations: Sequence[Station], stop: Stop) -> None:
    """Tell the hub what the machine's cloud says of it, and preempt at the cloud's notice.

    Not where the environment names a provider: what answers then is told to that provider, not to us.
    """
    if not settings.cloud_metadata or any(each.provider.name for each in stations):
        return
    cloud = await _find(settings.cloud_metadata_url or ADDRESS)
    if cloud is None:
        return
    log.info("this machine is of %s", cloud.provider)
    for each in stations:
        each.provider = cloud.provider
        each.introduce()
    while (why := await asyncio.to_thread(_notice, cloud)) is None:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(settings.spot_notice_every_s)
    _preempt(stop, why)


async def _find(address: str) -> Cloud | None:
    for after_s in _TRIES_AFTER_S:
        await asyncio.sleep(after_s)
        try:
            return await asyncio.to_thread(find_cloud, address)
        except NoMetadataError as problem:
            log.debug("no metadata of a cloud: %s", problem)
    return None


def _notice(cloud: Cloud) -> str | None:
    try:
        return cloud.notice()
    except NoMetadataError as problem:
        log.debug("whether the machine is taken away is not known: %s", problem)
        return None


def _told(url: str) -> bool:
    """Whether there is a notice: clouds answer 404, FALSE or NONE while there is none."""
    try:
        answer = ask(url, {"Metadata-Flavor": "Google"})
    except NoMetadataError as problem:
        log.debug("no notice: %s", problem)
        return False
    return answer.is_ok and answer.text.lower() not in _NO_NOTICE


def _preempt(stop: Stop, why: str) -> None:
    log.warning("the machine is taken away (%s): everything is given back now", why)
    stop.preempt()
