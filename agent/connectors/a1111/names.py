"""Names that must be exact: where the server does not know one, it draws with another.

It says nothing about that. So names are compared with its lists before the call, and what it says
it has used with what was asked for after it.
"""

from collections.abc import Collection, Iterable
from pathlib import PurePath, PureWindowsPath
from typing import Any

from attrs import frozen

from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.flavour import Flavour
from agent.connectors.a1111.request import Request, invalid
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

AUTOMATIC = "Automatic"
CHECKPOINT = "sd_model_checkpoint"
_SHOWN = 10
_SHORT_HASH = 10


@frozen(kw_only=True)
class Checkpoint:
    """A checkpoint of the server, and every name that selects exactly it."""

    model_name: str
    aliases: frozenset[str]
    hashes: frozenset[str]  # none before it is loaded for the first time


@frozen(kw_only=True)
class Chosen:
    """What the call must use; `None` where the job leaves it to the server."""

    sampler: str
    schedulers: frozenset[str] | None = None  # the names that mean it
    checkpoint: Checkpoint | None = None


async def choose(engine: Engine, request: Request, flavour: Flavour) -> Chosen:
    """Check every name of the request. Raises `ConnectorError` for one the server lacks."""
    body = request.body
    samplers = _column(await engine.rows("samplers") or (), "name")
    schedulers = await engine.rows("schedulers") if flavour.takes_schedulers else None
    for field in ("sampler_name", "hr_sampler_name"):
        if body.get(field):
            _check_sampler(field, body[field], samplers, schedulers or ())
    for field in ("scheduler", "hr_scheduler"):
        if body.get(field) not in {None, AUTOMATIC}:
            _check_scheduler(field, body[field], schedulers, flavour)
    await _check_upscaler(engine, body)
    return Chosen(
        sampler=body["sampler_name"],
        schedulers=_same_scheduler(body.get("scheduler"), schedulers or ()),
        checkpoint=await _checkpoint(engine, request),
    )


async def check_upscalers(engine: Engine, body: dict[str, Any]) -> None:
    """Check the names of the upscalers that extras may use."""
    names = {**_column(await engine.rows("upscalers") or (), "name"), "None": None}
    for field in ("upscaler_1", "upscaler_2"):
        if body.get(field):
            _check_name(field, body[field], names, ErrorClass.MISSING_MODEL)


def checkpoints(rows: Iterable[dict[str, Any]]) -> list[Checkpoint]:
    """Return the checkpoints of the server's list."""
    return [_checkpoint_of(row) for row in rows]


def _checkpoint_of(row: dict[str, Any]) -> Checkpoint:
    title, name = str(row.get("title")), str(row.get("model_name"))
    sha256 = str(row.get("sha256") or "")
    hashes = {str(row.get("hash") or ""), sha256, sha256[:_SHORT_HASH]} - {""}
    file = PurePath(PureWindowsPath(str(row.get("filename"))).as_posix()).name
    # The title ends in the short hash from the first load on; the name before it goes on to hold.
    names = {title, title.rpartition(" [")[0] or title, name, file}
    return Checkpoint(model_name=name, aliases=frozenset(names | hashes), hashes=frozenset(hashes))


async def _checkpoint(engine: Engine, request: Request) -> Checkpoint | None:
    wanted = {
        f"override_settings.{CHECKPOINT}": request.overrides.get(CHECKPOINT),
        "refiner_checkpoint": request.body.get("refiner_checkpoint"),
        "hr_checkpoint_name": request.body.get("hr_checkpoint_name"),
    }
    if not any(wanted.values()):
        return None
    known = checkpoints(await engine.rows("sd-models") or ())
    found = {field: _find_checkpoint(field, name, known) for field, name in wanted.items() if name}
    return found.get(f"override_settings.{CHECKPOINT}")


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


async def _check_upscaler(engine: Engine, body: dict[str, Any]) -> None:
    if body.get("enable_hr") and body.get("hr_upscaler"):
        rows = [
            *(await engine.rows("upscalers") or ()),
            *(await engine.rows("latent-upscale-modes") or ()),
        ]
        names = _column(rows, "name")
        _check_name("hr_upscaler", body["hr_upscaler"], names, ErrorClass.MISSING_MODEL)


def _same_scheduler(name: str | None, rows: Iterable[dict[str, Any]]) -> frozenset[str] | None:
    if name is None or name.capitalize() == AUTOMATIC:
        return None  # the sampler's own, by whatever name
    return next((frozenset(_labels(row)) for row in rows if name in _labels(row)), None)


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
