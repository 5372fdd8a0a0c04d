"""The form that gathers what assets really need: who may fill it in, what is wrong with it.

What an owner states is kept apart from the city; the next build takes it in place of what was
generated for that asset.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from rencheng.domain.city import City
from rencheng.domain.errors import Fault, InvalidInputError, NotAllowedError, NotFoundError
from rencheng.domain.identity import Actor, Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ownership import DUTY_OF_KIND, DUTY_OF_SECTOR, HEALTH
from rencheng.service.ports import UnitOfWork

SERVICES = ("power", "water", "telecom", "access")
LONGEST_H = 24.0 * 365
MOST_ROWS = 200
"""Rows of one asset. No source: our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow:
    """One supplier of one need; rows of one service and group are alternatives."""

    service: str
    group: int = 0
    supplier: str
    """Id of a lifeline, a facility or `zone:<id>:<service>`; empty: not known."""
    backup_low_h: float
    backup_high_h: float
    source: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What an owner stated about one asset."""

    node: str
    rows: tuple[NeedRow, ...]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedForm:
    """The form of one asset, filled in with what is known."""

    node: str
    name: str
    kind: str
    owners: tuple[str, ...]
    """Organisations that may fill it in."""
    may_edit: bool
    stated: Stated | None
    rows: tuple[NeedRow, ...]
    """What was stated, else what the city holds and the usual needs."""


class Statements(Protocol):
    """What owners stated, by city; and the form as the city's data fill it in."""

    def all(self, city: str) -> Mapping[str, Stated]:
        """Return everything that was stated about a city, by asset."""
        ...

    def put(self, city: str, stated: Iterable[Stated], gone: Iterable[str] = ()) -> None:
        """Keep statements durably, and forget those about the assets that are gone."""
        ...

    def usual(self, city: City) -> Mapping[str, tuple[NeedRow, ...]]:
        """Return the form of each asset of a city as its data fill it in."""
        ...


@dataclass(frozen=True, slots=True)
class Assets:
    """What a form can be about, and what can supply."""

    city: City

    def find(self, node: str) -> tuple[str, str, tuple[str, ...]]:
        """Return name, kind and owners of an asset, or raise `NotFoundError`."""
        city = self.city
        if node in city.lifelines.id:
            row = city.lifelines.id.index(node)
            return "", city.lifelines.kind[row], self._owners(city.lifelines.sector[row], "")
        if node in city.facilities.id:
            row = city.facilities.id.index(node)
            kind = city.facilities.kind[row]
            return city.facilities.name[row], kind, self._owners("", kind)
        if node in self.zone_nodes():
            return "", "zone", ()
        raise NotFoundError(
            "needs.no_node",
            f"the city has no asset {node[:80]!r}",
            hint="Search for it by name or id",
            params={"node": node[:80]},
        )

    def zone_nodes(self) -> frozenset[str]:
        """Return the nodes that stand for what residents get."""
        return frozenset(
            f"zone:{int(zone)}:{what}" for zone in self.city.zones.id for what in SERVICES
        )

    def suppliers(self) -> frozenset[str]:
        """Return everything that can supply."""
        city = self.city
        return frozenset(city.lifelines.id) | frozenset(city.facilities.id) | self.zone_nodes()

    def _owners(self, sector: str, kind: str) -> tuple[str, ...]:
        duty = DUTY_OF_SECTOR.get(sector) if sector else DUTY_OF_KIND.get(kind)
        wanted = {duty} if duty else (set() if sector else set(HEALTH))
        return tuple(one.id for one in self.city.organisations if wanted.intersection(one.duties))


def may_edit(actor: Actor, owners: Sequence[str]) -> bool:
    """Return whether somebody may state what an asset needs: its owner, or who leads the city."""
    allowed = actor.permissions
    if actor.is_city_wide:
        return bool(allowed & {Permission.CITY_BUILD, Permission.TASK_ASSIGN})
    return actor.organisation in owners and Permission.TASK_WORK in allowed


def show(statements: Statements, city: City, actor: Actor, node: str) -> NeedForm:
    """Return the form of one asset."""
    name, kind, owners = Assets(city).find(node)
    if not actor.is_city_wide and actor.organisation not in owners:
        raise _not_yours(node)
    stated = statements.all(city.id).get(node)
    usual = statements.usual(city).get(node, ())
    return NeedForm(
        node=node,
        name=name,
        kind=kind,
        owners=owners,
        may_edit=may_edit(actor, owners),
        stated=stated,
        rows=stated.rows if stated else usual,
    )


def table(
    statements: Statements, city: City, actor: Actor
) -> list[tuple[str, str, tuple[NeedRow, ...], bool]]:
    """Return node, name, rows and whether stated, of all assets that the actor may see."""
    assets, stated = Assets(city), statements.all(city.id)
    found = []
    for node, rows in statements.usual(city).items():
        name, _, owners = assets.find(node)
        if actor.is_city_wide or actor.organisation in owners:
            said = stated.get(node)
            found.append((node, name, said.rows if said else rows, said is not None))
    return found


def state(
    house: House,
    statements: Statements,
    command: Command,
    forms: Mapping[str, Sequence[NeedRow]],
) -> int:
    """Keep what is stated about assets; an asset without rows goes back to the usual.

    Returns
    -------
    count
        Assets about which something was stated.

    Raises
    ------
    InvalidInputError
        For unknown suppliers, cycles, impossible times; all faults of all assets at once.
    NotAllowedError
        When one of them is not the actor's.
    """
    city = house.cities.current()
    assets = Assets(city)
    for node in forms:
        owners = assets.find(node)[2]
        if not may_edit(command.actor, owners):
            raise _not_yours(node)
    faults = [
        fault for node, rows in forms.items() for fault in _faults(node, rows, assets, len(forms))
    ]
    known = statements.all(city.id)
    said = {node: one.rows for node, one in known.items() if one.node in assets.suppliers()}
    said |= {node: tuple(rows) for node, rows in forms.items() if rows}
    for node in (node for node, rows in forms.items() if not rows):
        said.pop(node, None)
    if not faults:
        faults = _cycles(city, said, set(forms))
    if faults:
        raise InvalidInputError(
            "needs.form",
            f"the form has {len(faults)} faults",
            hint="Mend them all and save again",
            params={"count": len(faults)},
            faults=faults,
        )

    def change(_: UnitOfWork, ctx: Context) -> Done[int]:
        kept = [
            Stated(node=node, rows=tuple(rows), by=command.actor.id, at=ctx.wall)
            for node, rows in forms.items()
            if rows
        ]
        gone = [node for node, rows in forms.items() if not rows]
        statements.put(city.id, kept, gone)
        first = next(iter(forms), "")
        return Done(
            item=len(kept),
            id=first,
            event="import",
            action="needs.stated" if kept else "needs.withdrawn",
            params={"node": first, "count": len(forms), "city": city.id},
        )

    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, __: sum(1 for rows in forms.values() if rows),
        content=("needs.state", tuple((k, tuple(v)) for k, v in forms.items())),
    )


def _faults(node: str, rows: Sequence[NeedRow], assets: Assets, forms: int) -> Iterator[Fault]:
    known = assets.suppliers()
    prefix = f"{node}: " if forms > 1 else ""
    if len(rows) > MOST_ROWS:
        yield _fault(f"{prefix}rows", "needs.rows", f"{len(rows)} rows", str(len(rows)))
    for index, row in enumerate(rows[:MOST_ROWS]):
        where = f"{prefix}rows[{index}]"
        low, high = row.backup_low_h, row.backup_high_h
        if row.service not in SERVICES:
            yield _fault(f"{where}.service", "needs.service", f"service {row.service!r}",
                         row.service)  # fmt: skip
        if row.supplier == node:
            yield _fault(f"{where}.supplier", "needs.itself", "it supplies itself", node)
        elif row.supplier not in known:
            yield _fault(f"{where}.supplier", "needs.supplier", f"no {row.supplier!r}",
                         row.supplier)  # fmt: skip
        if not (math.isfinite(low) and math.isfinite(high) and low >= 0 and high <= LONGEST_H):
            yield _fault(f"{where}.backup", "needs.hours", f"{low} to {high}", f"{low:g}–{high:g}")
        elif low > high:
            yield _fault(f"{where}.backup", "needs.order", f"{low} > {high}", f"{low:g} > {high:g}")
    times: dict[tuple[str, int], set[tuple[float, float]]] = {}
    for row in rows:
        times.setdefault((row.service, row.group), set()).add((row.backup_low_h, row.backup_high_h))
    for (service, group), pairs in times.items():
        if len(pairs) > 1:
            yield _fault(f"{prefix}rows", "needs.times", f"{service} {group} has two times",
                         f"{service} {group + 1}")  # fmt: skip


def _cycles(city: City, said: Mapping[str, Sequence[NeedRow]], changed: set[str]) -> list[Fault]:
    """Return a fault for each changed asset that would wait for itself."""
    graph = city.dependencies
    supplier_of: dict[str, set[str]] = {}
    for row, node in enumerate(graph.node):
        first, end = graph.group_start[row], graph.group_start[row + 1]
        rows = graph.supplier[graph.supplier_start[first] : graph.supplier_start[end]]
        supplier_of[node] = {graph.node[int(one)] for one in rows}
    supplier_of |= {node: {one.supplier for one in rows} for node, rows in said.items()}
    found = []
    for node in sorted(changed):
        path = _way_back(node, supplier_of)
        if path:
            way = " → ".join(path)
            found.append(_fault(node, "needs.cycle", f"a circle: {way}", way))
    return found


def _way_back(node: str, supplier_of: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return a chain of suppliers from a node back to itself, empty when there is none."""
    before: dict[str, str] = {}
    waiting = [node]
    while waiting:
        here = waiting.pop()
        for one in sorted(supplier_of.get(here, ())):
            if one == node:
                path = [node, here]
                while path[-1] != node:
                    path.append(before[path[-1]])
                return tuple(path)
            if one not in before:
                before[one] = here
                waiting.append(one)
    return ()


def _fault(where: str, key: str, problem: str, first: str) -> Fault:
    return Fault(where=where, key=key, problem=problem, hint="Mend this row", first=(first,))


def _not_yours(node: str) -> NotAllowedError:
    return NotAllowedError(
        "needs.not_yours",
        f"{node[:80]} is not an asset of the actor's organisation",
        hint="Ask its owner, or the emergency office",
        params={"node": node[:80]},
    )
