"""What an AUTOMATIC1111 can be asked and told."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from agent.connectors.a1111.failures import foreign_answer
from agent.connectors.answers import Answer, NoAnswerError, is_array, is_object

if TYPE_CHECKING:
    from agent.connectors.http import Http

_OK = 200
_NOT_FOUND = 404
_API = "/sdapi/v1"


@frozen(kw_only=True)
class State:
    """What the server is doing; it does not say for whom."""

    busy: bool
    fraction: float  # 0 … 1 of the whole call, and odd while `sampling` is false
    sampling: bool
    started: str  # when the job began, to the second; kept after its end
    job: str
    interrupted: bool  # the job that ran last, until another starts
    step: int
    steps: int
    picture: str | None  # base64

    @property
    def marks(self) -> tuple[Any, ...]:
        """What changes while anything moves."""
        return (self.started, self.job, self.fraction, self.step, self.steps)


class Engine:
    """One server. What is read raises `ConnectorError` once it is lost for good."""

    def __init__(self, http: "Http") -> None:
        self._http = http

    async def state(self) -> State | None:
        """Return what the server does now; `None` when it does not say. Asks once."""
        try:
            answer = await self._http.get(f"{_API}/progress", skip_current_image="false")
        except NoAnswerError:
            return None
        body = answer.json()
        return _state(body) if answer.status == _OK and is_object(body) else None

    async def rows(self, name: str) -> list[dict[str, Any]] | None:
        """Return a list of things the server has; `None` if it has no such list."""
        answer = await self._http.read(f"{_API}/{name}")
        if answer.status == _NOT_FOUND:
            return None
        body = answer.json()
        if answer.status != _OK or not is_array(body):
            raise foreign_answer(self._http.url, f"{_API}/{name}", answer)
        return [row for row in body if is_object(row)]

    async def options(self) -> dict[str, Any]:
        """Return every option with its value."""
        answer = await self._http.read(f"{_API}/options")
        body = answer.json()
        if answer.status != _OK or not is_object(body):
            raise foreign_answer(self._http.url, f"{_API}/options", answer)
        return body

    async def set_options(self, values: dict[str, Any]) -> None:
        """Store options for all jobs to come. Raises `NoAnswerError`."""
        answer = await self._http.post(f"{_API}/options", values)
        if answer.status != _OK:
            raise foreign_answer(self._http.url, f"{_API}/options", answer)

    async def interrupt(self) -> None:
        """Ask once that whatever runs now ends early. Raises `NoAnswerError`."""
        await self._http.post(f"{_API}/interrupt", {})

    async def paths(self) -> frozenset[str]:
        """Return the routes of the server; none when it does not tell."""
        body = (await self._http.read("/openapi.json")).json()
        return frozenset(body.get("paths", ())) if is_object(body) else frozenset()

    async def call(self, path: str, body: dict[str, Any]) -> Answer:
        """Send the one call of a job, however long it takes. Raises `NoAnswerError`."""
        return await self._http.wait(path, body)


def _state(body: dict[str, Any]) -> State:
    facts = body.get("state")
    facts = facts if is_object(facts) else {}
    jobs = facts.get("job_count", 0)
    return State(
        busy=jobs != 0,
        fraction=float(body.get("progress") or 0),
        sampling=jobs > 0,
        started=str(facts.get("job_timestamp")),
        job=str(facts.get("job")),
        interrupted=bool(facts.get("interrupted")),
        step=int(facts.get("sampling_step") or 0),
        steps=int(facts.get("sampling_steps") or 0),
        picture=body.get("current_image"),
    )
