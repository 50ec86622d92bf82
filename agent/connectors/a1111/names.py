"""Names that must be exact: where the server does not know one, it draws with another.

It says nothing about that. So names are compared with its lists before the call, and what it says
it has used with what was asked for after it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from attrs import frozen

from agent.connectors.a1111.checkpoints import Checkpoint, checkpoints
from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.flavour import Flavour
from agent.connectors.a1111.request import Request, invalid
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

AUTOMATIC = "Automatic"
CHECKPOINT = "sd_model_checkpoint"
CHECKPOINT_FIELD = f"override_settings.{CHECKPOINT}"
_NO_CHECKPOINT = {"None", "none", "Use same checkpoint"}
_SHOWN = 10


@frozen
class Named:
    """A thing by the name that the job gives it; `names` are all that mean it."""

    name: str
    names: frozenset[str]

    def is_meant(self, used: str) -> bool:
        """Whether the server means it by this name."""
        return used in self.names


@frozen
class NamedCheckpoint:
    """A checkpoint by the name that the job gives it."""

    name: str
    checkpoint: Checkpoint

    def is_meant(self, used: str) -> bool:
        """Whether the server means it by this name."""
        return self.checkpoint.is_meant(used)


Chosen = dict[str, Named | NamedCheckpoint]
"""What the call must use, by field; what the job leaves to the server is not in it."""


async def choose(engine: Engine, request: Request, flavour: Flavour) -> Chosen:
    """Check every name of the request. Raises `ConnectorError` for one the server lacks."""
    body = _in_effect(request.body)
    chosen: Chosen = {}
    samplers = _column(await engine.rows("samplers") or (), "name")
    schedulers = await engine.rows("schedulers") if flavour.takes_schedulers else None
    for field in ("sampler_name", "hr_sampler_name"):
        if body.get(field):
            _check_sampler(field, body[field], samplers, schedulers or ())
            chosen[field] = Named(body[field], frozenset({body[field]}))
    for field in ("scheduler", "hr_scheduler"):
        if body.get(field) not in {None, AUTOMATIC}:
            _check_scheduler(field, body[field], schedulers, flavour)
            chosen |= _same_scheduler(field, body[field], schedulers or ())
    chosen |= await _upscaler(engine, body)
    chosen |= await _checkpoints(engine, request.overrides, body)
    return {field: wanted for field, wanted in chosen.items() if flavour.tells(field)}


def _in_effect(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the call makes use of: without a second pass, none of its own."""
    if body.get("enable_hr"):
        return body
    return {field: value for field, value in body.items() if not field.startswith("hr_")}


async def check_upscalers(engine: Engine, body: dict[str, Any]) -> None:
    """Check the names of the upscalers that extras may use."""
    names = {**_column(await engine.rows("upscalers") or (), "name"), "None": None}
    for field in ("upscaler_1", "upscaler_2"):
        if body.get(field):
            _check_name(field, body[field], names, ErrorClass.MISSING_MODEL)


async def _checkpoints(
    engine: Engine, overrides: dict[str, Any], body: dict[str, Any]
) -> dict[str, NamedCheckpoint]:
    given = {
        CHECKPOINT_FIELD: overrides.get(CHECKPOINT),
        "refiner_checkpoint": body.get("refiner_checkpoint"),
        "hr_checkpoint_name": body.get("hr_checkpoint_name"),
    }
    named = {field: str(name) for field, name in given.items() if name}
    wanted = {field: name for field, name in named.items() if name not in _NO_CHECKPOINT}
    if not wanted:
        return {}
    known = checkpoints(await engine.rows("sd-models") or ())
    return {
        field: NamedCheckpoint(name, _find_checkpoint(field, name, known))
        for field, name in wanted.items()
    }


def _find_checkpoint(field: str, name: object, known: list[Checkpoint]) -> Checkpoint:
    for checkpoint in known:
        if name in checkpoint.aliases:
            return checkpoint
    raise _missing(field, name, [each.model_name for each in known], ErrorClass.MISSING_MODEL)


def _check_sampler(
    field: str, name: object, samplers: Collection[str], schedulers: Iterable[dict[str, Any]]
) -> None:
    if name in samplers:
        return
    for scheduler in (label for row in schedulers for label in _labels(row)):
        sampler = str(name).removesuffix(f" {scheduler}")
        if sampler != name and sampler in samplers:
            raise invalid(
                f"{field} {name!r} is two names here; use {field} {sampler!r} with scheduler "
                f"{scheduler!r}"
            )
    raise _missing(field, name, samplers, ErrorClass.VALIDATION)


def _check_scheduler(
    field: str, name: object, rows: list[dict[str, Any]] | None, flavour: Flavour
) -> None:
    if rows is None:
        raise invalid(f"{field} {name!r} would be ignored by this {flavour.value}; leave it out")
    known = [label for row in rows for label in _labels(row)]
    _check_name(field, name, known, ErrorClass.VALIDATION)


async def _upscaler(engine: Engine, body: dict[str, Any]) -> dict[str, Named]:
    name = body.get("hr_upscaler")
    if not name:
        return {}
    rows = [
        *(await engine.rows("upscalers") or ()),
        *(await engine.rows("latent-upscale-modes") or ()),
    ]
    _check_name("hr_upscaler", name, _column(rows, "name"), ErrorClass.MISSING_MODEL)
    return {"hr_upscaler": Named(name, frozenset({name}))}


def _same_scheduler(field: str, name: str, rows: Iterable[dict[str, Any]]) -> dict[str, Named]:
    if name.capitalize() == AUTOMATIC:
        return {}  # the sampler's own, by whatever name
    row = next(row for row in rows if name in _labels(row))
    return {field: Named(name, frozenset(_labels(row)))}


def _labels(row: dict[str, Any]) -> list[str]:
    return [row[key] for key in ("label", "name") if isinstance(row.get(key), str)]


def _column(rows: Iterable[dict[str, Any]], key: str) -> dict[str, None]:
    """Return the values of a column, in order and once each."""
    return dict.fromkeys(row[key] for row in rows if isinstance(row.get(key), str))


def _check_name(field: str, name: object, known: Collection[str], error_class: ErrorClass) -> None:
    if name not in known:
        raise _missing(field, name, known, error_class)


def _missing(
    field: str, name: object, known: Collection[str], error_class: ErrorClass
) -> ConnectorError:
    names = list(known)
    more = ", …" if len(names) > _SHOWN else ""
    has = ", ".join(names[:_SHOWN]) or "none"
    return ConnectorError(
        f"{field} {name!r} is not on this worker; it has {has}{more}",
        error_class=error_class,
        details={"field": field, "wanted": name},
    )
