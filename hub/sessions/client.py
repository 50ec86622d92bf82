"""A client or a monitor at the other end: it asks of jobs, and is told of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field

from hub.sessions.broadcasts import Broadcasts, check_sections, interval_of
from hub.sessions.counter import Counter
from hub.sessions.ends import Line
from hub.sessions.pace import Pace
from hub.sessions.telling import followed, notified, passes, status_of
from hub.store.client import StoreFullError
from hub.store.glances import Glance
from hub.store.jobs import Submitted
from shared.messages import (
    CancelJob,
    ClientRegistered,
    ForceRetryJob,
    GetSystemStatus,
    JobAccepted,
    JobCancelled,
    JobNotificationsSubscribed,
    Message,
    NotificationFilters,
    RegisterClient,
    RequestJobStatus,
    RequestStats,
    ResponseStats,
    SubmitJob,
    Subscribe,
    SubscribeJob,
    SubscribeJobNotifications,
    SubscribeStats,
    SubscriptionConfirmed,
)
from shared.states import JobState

MOST_FOLLOWED = 1000
"""Jobs that one connection may follow one by one."""
PER_SECOND, BURST = 100, 500
"""Messages a client may send a second, and at once; behind them it is not read."""


@define(eq=False)
class ClientPeer:
    """One client or monitor. Raises `ValueError` for what cannot be acted on."""

    counter: Counter
    line: Line
    id: str
    kind: str  # client or monitor
    greeting: str = field(default="ready", init=False)
    _pace: Pace = field(factory=lambda: Pace(PER_SECOND, BURST), init=False)
    _followed: set[str] = field(factory=set, init=False)
    _filters: NotificationFilters = field(factory=NotificationFilters, init=False)
    _broadcasts: asyncio.Task[None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.kind == "monitor":
            self._broadcast(SubscribeStats())

    def speaker(self) -> str | None:
        """No worker."""
        return None

    def is_in_turn(self, _: Message, /) -> bool:
        """One thing after the other: answers come in the order of the questions."""
        return True

    async def hear(self, message: Message) -> None:
        """Act on one message, in its turn."""
        await self._pace.turn()
        handler = HANDLERS.get(type(message))
        if handler is None:
            raise ValueError(
                f"type: {message.type} is said by workers: connect as /ws/worker/{{id}}"
            )
        await handler(self, message)

    async def unsaid(self, _: Message, __: str, /) -> bool:
        """The reference is better than nothing: it tells where to ask for the value."""
        return False

    async def depart(self) -> None:
        """The connection is gone, and with it every subscription."""
        if self._broadcasts is not None:
            self._broadcasts.cancel()
        for job_id in list(self._followed):
            await self.counter.feed.leave(job_id, self._on_followed)
        await self.counter.feed.leave_every(self._on_any)

    async def submit(self, message: SubmitJob) -> None:
        """A job to be done; the submitter is told of it until it ends."""
        await self._accept(self.counter.submit(message), message)

    async def retry(self, message: ForceRetryJob) -> None:
        """A job that has failed is submitted anew, as another job with a clean history."""
        await self._accept(self.counter.retry(message.job_id), message)

    async def cancel(self, message: CancelJob) -> None:
        """End a job, wherever it is."""
        reply = await self.counter.jobs.cancel(
            message.job_id, message.reason or "Manually cancelled"
        )
        if reply.outcome == "unknown":
            raise ValueError(f"job_id: there is no job {message.job_id}")
        if reply.outcome == "refused":
            raise ValueError(f"job_id: {message.job_id} is {reply.told} already")
        self.line.say(JobCancelled(job_id=message.job_id, cancelled_at=int(reply.told)))

    async def job_status(self, message: RequestJobStatus) -> None:
        """How a job is."""
        glance = await self._glance(message.job_id)
        is_waiting = glance.status is JobState.PENDING
        place = await self.counter.views.place(message.job_id) if is_waiting else None
        self.line.say(status_of(glance, place))

    async def subscribe_job(self, message: SubscribeJob) -> None:
        """All of one job, from how it is now to its end."""
        await self._glance(message.job_id)
        if len(self._followed) >= MOST_FOLLOWED:
            raise ValueError(
                f"job_id: {MOST_FOLLOWED} jobs are followed here already; send "
                "subscribe_job_notifications to be told of all"
            )
        self.line.say(SubscriptionConfirmed(subscription_type="job", job_id=message.job_id))
        await self._follow(message.job_id)

    async def subscribe_notifications(self, message: SubscribeJobNotifications) -> None:
        """Every job that passes the filters, or no more."""
        self._filters = message.filters or NotificationFilters()
        change = (
            self.counter.feed.follow_every if message.enabled else self.counter.feed.leave_every
        )
        await change(self._on_any)
        self.line.say(JobNotificationsSubscribed(worker_id=self.id, enabled=message.enabled))

    async def subscribe_stats(self, message: SubscribeStats) -> None:
        """The whole system, again and again, or no more."""
        check_sections(message)
        interval_of(message, 1)
        self.line.say(
            SubscriptionConfirmed(
                subscription_type="stats", monitor_id=self.id, enabled=message.enabled
            )
        )
        self._broadcast(message)

    async def subscribe(self, message: Subscribe) -> None:
        """A monitor names channels: it is told everything anyhow."""
        self.line.say(
            SubscriptionConfirmed(
                subscription_type="channels", monitor_id=self.id, channels=message.channels
            )
        )

    async def request_stats(self, _: RequestStats) -> None:
        """The whole system, once."""
        document, _size = await self.counter.stats.document()
        self.line.say(ResponseStats(stats=document))

    async def system_status(self, _: GetSystemStatus) -> None:
        """A few figures."""
        self.line.say(await self.counter.stats.status())

    async def register(self, message: RegisterClient) -> None:
        """Nothing to do: the address has said it."""
        self.line.say(ClientRegistered(client_id=message.client_id or self.id))

    async def _accept(self, submission: Awaitable[Submitted], message: Message) -> None:
        try:
            submitted = await submission
        except StoreFullError as problem:
            raise ValueError("the queue is full; submit again later") from problem
        self.line.say(
            JobAccepted(
                job_id=submitted.job_id, position=submitted.place, message_id=message.envelope.id
            )
        )
        await self._follow(submitted.job_id)

    def _broadcast(self, asked: SubscribeStats) -> None:
        if self._broadcasts is not None:
            self._broadcasts.cancel()
            self._broadcasts = None
        if asked.enabled:
            default_s = self.counter.settings.stats_broadcast_interval_ms / 1000
            interval_s = interval_of(asked, default_s)
            broadcasts = Broadcasts(self.counter.stats, self.line.say, asked, interval_s)
            self._broadcasts = asyncio.create_task(broadcasts.run())

    async def _glance(self, job_id: str) -> Glance:
        glance = await self.counter.glances.at(job_id)
        if glance is None:
            raise ValueError(f"job_id: there is no job {job_id}")
        return glance

    async def _follow(self, job_id: str) -> None:
        if len(self._followed) < MOST_FOLLOWED:
            self._followed.add(job_id)
            await self.counter.feed.follow(job_id, self._on_followed)

    def _on_followed(self, glance: Glance) -> None:
        self.line.say(followed(glance))
        if glance.status.is_terminal:
            self._followed.discard(glance.job_id)

    def _on_any(self, glance: Glance) -> None:
        if passes(self._filters, glance):
            self.line.say(notified(glance))


HANDLERS: dict[type[Message], Callable[[ClientPeer, Any], Awaitable[None]]] = {
    SubmitJob: ClientPeer.submit,
    CancelJob: ClientPeer.cancel,
    ForceRetryJob: ClientPeer.retry,
    RequestJobStatus: ClientPeer.job_status,
    SubscribeJob: ClientPeer.subscribe_job,
    SubscribeJobNotifications: ClientPeer.subscribe_notifications,
    SubscribeStats: ClientPeer.subscribe_stats,
    Subscribe: ClientPeer.subscribe,
    RequestStats: ClientPeer.request_stats,
    GetSystemStatus: ClientPeer.system_status,
    RegisterClient: ClientPeer.register,
}
