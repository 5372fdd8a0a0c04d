"""What assets need: the form for one asset, and for all of them as a table."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from rencheng.adapters.imports.statements import changed, from_csv, to_csv
from rencheng.api.asking import CommandDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.imports import (
    NeedFormIn,
    NeedFormOut,
    NeedRowShape,
    NeedSummaryOut,
    StatedCountOut,
)
from rencheng.api.telling import number
from rencheng.bootstrap import Brain
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.service import needs_form
from rencheng.service.needs_form import NeedForm, NeedRow

router = APIRouter(tags=["needs"])


@router.get("/city/dependencies")
@needs(Permission.CITY_READ)
def show(
    brain: BrainDep, actor: ActorDep, node: Annotated[str, Query(max_length=200)]
) -> NeedFormOut:
    """Return what an asset needs now: stated by its owner, or the usual."""
    city = brain.house.cities.current()
    return _form_out(needs_form.show(brain.imports.statements, city, actor, node))


@router.get("/city/dependencies/summary")
@needs(Permission.CITY_READ)
def summary(brain: BrainDep, actor: ActorDep) -> NeedSummaryOut:
    """Return how many assets the caller may see, and about which of them owners said something."""
    city = brain.house.cities.current()
    rows = needs_form.table(brain.imports.statements, city, actor)
    rows = [row for row in rows if not row[0].startswith("zone:")]
    return NeedSummaryOut(total=len(rows), stated=[row[0] for row in rows if row[3]])


@router.get("/city/dependencies.csv")
@needs(Permission.CITY_READ)
def form(brain: BrainDep, actor: ActorDep) -> Response:
    """Return the form for every asset that the caller may see, filled in with what is known."""
    city = brain.house.cities.current()
    rows = needs_form.table(brain.imports.statements, city, actor)
    text = to_csv((node, name, needs) for node, name, needs, _ in rows if not _is_zone(node))
    headers = {"Content-Disposition": f'attachment; filename="dependencies-{city.id}.csv"'}
    # The mark at the beginning makes spreadsheets read Chinese as UTF-8.
    return Response("\ufeff" + text, headers=headers, media_type="text/csv; charset=utf-8")


@router.put("/city/dependencies.csv")
@needs(Permission.CITY_READ)
async def take(request: Request, brain: BrainDep, command: CommandDep) -> StatedCountOut:
    """Take the form filled in; what it leaves as it was is not taken as stated."""
    raw = await request.body()
    return await run_in_threadpool(_take, brain, command, raw)


@router.put("/city/dependencies/{node:path}")
@needs(Permission.CITY_READ)
def state(
    node: Annotated[str, Path(max_length=200)],
    body: NeedFormIn,
    brain: BrainDep,
    command: CommandDep,
) -> NeedFormOut:
    """State what an asset needs; without rows it goes back to the usual."""
    rows = [_row(one) for one in body.rows]
    statements = brain.imports.statements
    needs_form.state(brain.house, statements, command, {node: rows})
    city = brain.house.cities.current()
    return _form_out(needs_form.show(statements, city, command.actor, node))


def _take(brain: Brain, command: CommandDep, raw: bytes) -> StatedCountOut:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _chinese(raw)
    city, statements = brain.house.cities.current(), brain.imports.statements
    known = {node: rows for node, _, rows, _ in needs_form.table(statements, city, command.actor)}
    forms = changed(from_csv(text), known)
    if not forms:
        raise InvalidInputError(
            "needs.unchanged",
            "the form says nothing new",
            hint="Fill in suppliers and times, save it as CSV, and send it again",
        )
    count = needs_form.state(brain.house, statements, command, forms)
    return StatedCountOut(count=count, nodes=sorted(forms))


def _chinese(raw: bytes) -> str:
    """Return text as a spreadsheet in China saves it."""
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            "needs.encoding",
            "the file is neither UTF-8 nor GB 18030",
            hint="Save it as CSV UTF-8",
        ) from error


def _is_zone(node: str) -> bool:
    return node.startswith("zone:")


def _row(one: NeedRowShape) -> NeedRow:
    unknown = float("nan")
    return NeedRow(
        service=one.service,
        group=one.group,
        supplier=one.supplier,
        backup_low_h=unknown if one.backup_low_h is None else one.backup_low_h,
        backup_high_h=unknown if one.backup_high_h is None else one.backup_high_h,
        source=one.source,
        remark=one.remark,
    )


def _form_out(form: NeedForm) -> NeedFormOut:
    return NeedFormOut(
        node=form.node,
        name=form.name,
        kind=form.kind,
        owners=list(form.owners),
        may_edit=form.may_edit,
        is_stated=form.stated is not None,
        stated_by=form.stated.by if form.stated else "",
        stated_at=form.stated.at if form.stated else None,
        services=list(needs_form.SERVICES),
        rows=[
            NeedRowShape(
                service=row.service,
                group=row.group,
                supplier=row.supplier,
                backup_low_h=number(row.backup_low_h),
                backup_high_h=number(row.backup_high_h),
                source=row.source,
                remark=row.remark,
            )
            for row in form.rows
        ],
    )
