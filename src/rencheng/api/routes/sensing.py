"""How well the city is seen: coverage and uptime by district and sector, blind spots."""

from __future__ import annotations

import csv
import io
from collections import Counter

import numpy as np
from fastapi import APIRouter, Response

from rencheng.api.asking import RunDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.sensing import NetOut, NetRowOut, NetTotalOut
from rencheng.api.telling import number, why_out
from rencheng.bootstrap import Brain
from rencheng.domain.city import City
from rencheng.domain.identity import Permission
from rencheng.domain.net import NetHealth
from rencheng.service.columns import net_why
from rencheng.service.situation import SensorState

router = APIRouter(tags=["sensing"])


@router.get("/sensing/net")
@needs(Permission.DATA_READ)
def net(brain: BrainDep, run: RunDep) -> NetOut:
    """Return coverage and uptime by district and quantity; what nobody should see is left out."""
    return _net(brain, run)


@router.get("/sensing/net.csv", response_class=Response)
@needs(Permission.DATA_READ)
def table(brain: BrainDep, run: RunDep) -> Response:
    """Return the same rows as CSV; an empty cell is unknown."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(NetRowOut.model_fields)
    for row in _net(brain, run).rows:
        writer.writerow("" if v is None else v for v in row.model_dump().values())
    headers = {"Content-Disposition": f'attachment; filename="rencheng-net-{run}.csv"'}
    body = "\ufeff" + file.getvalue()  # the mark tells spreadsheet programs that it is UTF-8
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


def _net(brain: Brain, run: str) -> NetOut:
    city = brain.house.cities.current()
    found, states = brain.net.health(run)
    shown = zip(*np.nonzero(found.expected | (found.streams > 0)), strict=True)
    return NetOut(
        at=found.at,
        since=found.since,
        totals=[_total(city, found, states, row) for row in range(len(found.quantities))],
        rows=[_row(city, found, int(row), int(zone)) for row, zone in shown],
        why=why_out(net_why(found)),
    )


def _row(city: City, found: NetHealth, row: int, zone: int) -> NetRowOut:
    return NetRowOut(
        zone=int(city.zones.id[zone]),
        zone_name=city.zones.name[zone],
        quantity=found.quantities[row].value,
        sector=found.sector(row).value,
        residents=number(float(city.zones.population[zone])),
        streams=int(found.streams[row, zone]),
        ok=int(found.ok[row, zone]),
        uptime=number(float(found.uptime[row, zone])),
        expected=bool(found.expected[row, zone]),
        seen=bool(found.seen[row, zone]),
    )


def _total(city: City, found: NetHealth, states: list[SensorState], row: int) -> NetTotalOut:
    own = [one for one in states if one.stream.quantity is found.quantities[row]]
    expected, people = found.expected[row], city.zones.population
    count = found.streams[row]
    mean = float(np.nansum(found.uptime[row] * count) / count.sum()) if count.sum() else np.nan
    seen = expected & found.seen[row]
    return NetTotalOut(
        quantity=found.quantities[row].value,
        sector=found.sector(row).value,
        streams=len(own),
        health=dict(Counter(one.status.health.value for one in own)),
        uptime=number(mean),
        districts=int(expected.sum()),
        districts_seen=int(seen.sum()),
        residents=number(float(people[expected].sum())),
        residents_seen=number(float(people[seen].sum())),
    )
