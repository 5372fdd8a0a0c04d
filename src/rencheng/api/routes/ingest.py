"""The door for devices, agencies and surveys: what is good is kept, what is bad is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request

from rencheng.api.asking import IngestRunDep
from rencheng.api.security import BrainDep, CallerDep, must_be_unbound, needs, take_values
from rencheng.api.shapes.city import (
    BulletinsIn,
    IngestOut,
    ObservationsIn,
    RejectOut,
    ReportsIn,
)
from rencheng.api.telling import text_out
from rencheng.bootstrap import Brain
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.identity import Permission
from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import Origin, Text
from rencheng.service import ingest
from rencheng.service.callers import Caller
from rencheng.service.house import Command, context
from rencheng.service.ingest import IngestResult, ObservationItem, Rejection
from rencheng.service.intake import MAX_ROWS

router = APIRouter(tags=["ingest"])

Aware = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Out = TypeVar("Out")
NAN = float("nan")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)
"""What reading a body may raise: no JSON, other types, nested too deep, a time beyond the years."""
MAX_ITEMS = 10_000


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    batch: Name
    items: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ITEMS)]


class _Observations(msgspec.Struct, forbid_unknown_fields=True):
    batch: Name
    items: Annotated[list[ObservationItem], msgspec.Meta(max_length=MAX_ROWS)]


class _RawObservations(msgspec.Struct, forbid_unknown_fields=True):
    batch: Name
    items: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ROWS)]


class _Bulletin(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: Name
    event: Name
    kind: BulletinKind
    issuer: str
    issued: Aware
    origin_time: Aware
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    depth_km: float | None = None
    magnitude: float | None = None
    magnitude_sd: float | None = None
    text: str = ""
    source: str = ""


class _Report(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: Name
    building: int | None = None
    xy: tuple[float, float]
    state: Annotated[int, msgspec.Meta(ge=0, le=4)]
    reporter: str
    reported: Aware
    origin: Origin
    note: str = ""


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


_READ: dict[type[Any], Callable[[bytes | msgspec.Raw], Any]] = {
    kind: msgspec.json.Decoder(kind).decode
    for kind in (_Batch, _Observations, _RawObservations, _Bulletin, _Report, ObservationItem)
}
"""Made once: msgspec looks a type up unguarded, and two threads that do so at once crash it."""


async def _slowed_body(request: Request, caller: CallerDep) -> bytes:
    """Return the body of a sender who has not sent too many values already."""
    take_values(request, caller, 0)
    return await request.body()


SlowedBody = Annotated[bytes, Depends(_slowed_body)]


def _described(shape: type[Any]) -> dict[str, Any]:
    """Describe a body that we read ourselves, for the schema."""
    schema = {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post("/ingest/observations", openapi_extra=_described(ObservationsIn))
@needs(Permission.INGEST)
def observations(
    request: Request, body: SlowedBody, brain: BrainDep, caller: CallerDep, run: IngestRunDep
) -> IngestOut:
    """Take a batch of values."""
    name, items = _read_observations(body)
    take_values(request, caller, len(items))
    streams = caller.token.datastreams if caller.token else ()
    command = _command(brain, caller, run)
    result = ingest.ingest_observations(brain.house, command, name, items, datastreams=streams)
    brain.wake()
    return _told(name, result)


@router.post("/ingest/reports", openapi_extra=_described(ReportsIn))
@needs(Permission.INGEST)
def reports(body: Body, brain: BrainDep, caller: CallerDep, run: IngestRunDep) -> IngestOut:
    """Take a batch of damage reports."""
    must_be_unbound(caller)
    name, items = _read(body, _Report, _report)
    command = _command(brain, caller, run)
    return _told(name, ingest.ingest_damage_reports(brain.house, command, name, items))


@router.post("/ingest/bulletins", openapi_extra=_described(BulletinsIn))
@needs(Permission.INGEST)
def bulletins(body: Body, brain: BrainDep, caller: CallerDep, run: IngestRunDep) -> IngestOut:
    """Take a batch of official bulletins, each in a transaction of its own."""
    must_be_unbound(caller)
    name, items = _read(body, _Bulletin, _bulletin)
    command = _command(brain, caller, run)
    taken = known = 0
    rejected: list[Rejection] = []
    for index, item in enumerate(items):
        if isinstance(item, Rejection):
            rejected.append(item)
            continue
        before = _bulletin_count(brain, run)
        try:
            ingest.ingest_bulletin(brain.house, command, item)
        except InvalidInputError as error:
            why = "; ".join(f"{fault.where}: {fault.problem}" for fault in error.faults)
            params = {"why": why or error.problem}
            rejected.append(Rejection(index=index, id=item.id, key="malformed", params=params))
            continue
        is_new = _bulletin_count(brain, run) > before
        taken, known = taken + is_new, known + (not is_new)
    brain.wake()
    result = IngestResult(accepted=taken, duplicate=known, suspect=0, rejected=tuple(rejected))
    return _told(name, result)


def _bulletin_count(brain: Brain, run: str) -> int:
    with brain.house.work() as work:
        return work.bulletins.count(run)


def _command(brain: Brain, caller: Caller, run: str) -> Command:
    with brain.house.work() as work:
        mode = context(brain.house, work, run).mode
    caller.actor.must_write_to(mode)
    return Command(actor=caller.actor, run=run)


def _read(
    body: bytes, shape: type[Any], make: Callable[[Any], Out], *, batch: type[Any] = _Batch
) -> tuple[str, list[Out | Rejection]]:
    try:
        found = _READ[batch](body)
    except UNREADABLE as error:
        raise InvalidInputError(
            "ingest.unreadable",
            f"the batch cannot be read: {error}",
            hint="Send {batch, items} as JSON",
            params={"why": str(error)},
        ) from error
    items: list[Out | Rejection] = []
    for index, raw in enumerate(found.items):
        try:
            items.append(make(_READ[shape](raw)))
        except UNREADABLE as error:
            items.append(
                Rejection(index=index, id=_id_of(raw), key="malformed", params={"why": str(error)})
            )
    return found.batch, items


def _read_observations(body: bytes) -> tuple[str, list[ObservationItem | Rejection]]:
    """Read all at once, and one by one only where one of them is not as it should be."""
    try:
        whole = _READ[_Observations](body)
    except UNREADABLE:
        return _read(body, ObservationItem, lambda item: item, batch=_RawObservations)
    return whole.batch, list(whole.items)


def _id_of(raw: msgspec.Raw) -> str:
    """Return the id of an item that is otherwise unreadable, as far as it has one."""
    try:
        found = msgspec.json.decode(raw)
    except UNREADABLE:
        return ""
    return str(found.get("id", ""))[:200] if isinstance(found, dict) else ""


def _bulletin(item: _Bulletin) -> ingest.BulletinItem:
    return ingest.BulletinItem(
        id=item.id,
        event=item.event,
        kind=item.kind,
        issuer=item.issuer,
        issued=item.issued.astimezone(UTC),
        origin_time=item.origin_time.astimezone(UTC),
        lon=item.lon,
        lat=item.lat,
        depth_km=_known(item.depth_km),
        magnitude=_known(item.magnitude),
        magnitude_sd=_known(item.magnitude_sd),
        text=item.text,
        source=item.source,
    )


def _report(item: _Report) -> ingest.DamageReportItem:
    return ingest.DamageReportItem(
        id=item.id,
        building=-1 if item.building is None else item.building,
        xy=item.xy,
        state=DamageState(item.state),
        reporter=item.reporter,
        reported=item.reported.astimezone(UTC),
        origin=item.origin,
        note=item.note,
    )


def _known(value: float | None) -> float:
    return NAN if value is None else value


def _told(batch: str, result: IngestResult) -> IngestOut:
    return IngestOut(
        batch=batch,
        accepted=result.accepted,
        duplicate=result.duplicate,
        suspect=result.suspect,
        rejected=[
            RejectOut(
                index=one.index,
                id=one.id,
                key=one.key,
                problem=text_out(Text(f"ingest.{one.key}", one.params)),
                hint=text_out(Text("ingest.hint")),
            )
            for one in result.rejected
        ],
    )
