"""Exposure models: NRML with its assets inside, or in CSV files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import Columns, Folder, nrml, table

F64 = NDArray[np.float64]
Texts = NDArray[np.object_]
KINDS = ("aggregated", "per_asset", "per_area")
OCCUPANTS = "occupants"
PEOPLE = ("residents", "occupants_avg")
NO_TAG = "?"
"""What OpenQuake writes of an asset without a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What an exposure file says of its columns."""

    cost: Mapping[str, tuple[str, str]]
    """Kind of loss → kind of cost (`KINDS`) and its currency."""
    area: tuple[str, str]
    """Kind and unit of the area; blank when there is none."""
    periods: tuple[str, ...]
    """Of occupancy, such as `day`."""
    tags: tuple[str, ...]
    fields: Mapping[str, str]
    """Our name of a column → that of the CSV."""
    is_deductible_absolute: bool = True
    is_limit_absolute: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Assets as OpenQuake counts them; unknown is NaN."""

    id: Texts
    lonlat: F64
    """[deg] (assets, 2)"""
    taxonomy: Texts
    number: F64
    """Buildings that an asset stands for. (assets,)"""
    area: F64
    """Of the whole asset; NaN unknown. [unit of the layout] (assets,)"""
    value: Mapping[str, F64]
    """Worth of the whole asset by kind of loss. [currency] (assets,) each"""
    people: Mapping[str, F64]
    """By period of occupancy, and `residents`. (assets,) each"""
    tag: Mapping[str, Texts]
    deductible: Mapping[str, F64]
    """By kind of loss, absolute; NaN where there is no insurance. [currency] (assets,)"""
    limit: Mapping[str, F64]
    retrofitted: Mapping[str, F64]
    """Cost of retrofitting the whole asset, by kind of loss; NaN unknown. [currency] (assets,)"""
    layout: Layout

    def amount(self, loss_type: str, period: str = "") -> F64 | None:
        """Return what stands to be lost of a kind; None when the exposure does not say.

        Parameters
        ----------
        loss_type
            A kind of cost, `occupants`, `residents`, `number` or `area`.
        period
            Of occupancy; blank: `occupants_avg` where it is given, else the mean of all periods.
        """
        if loss_type == OCCUPANTS:
            if period:
                return self.people.get(period)
            if "occupants_avg" in self.people:
                return self.people["occupants_avg"]
            given = [self.people[p] for p in self.layout.periods if p in self.people]
            return np.asarray(np.mean(given, axis=0)) if given else None
        if loss_type in self.people:
            return self.people[loss_type]
        named = {"number": self.number, "area": self.area}
        return named.get(loss_type, self.value.get(loss_type))

    def take(self, rows: NDArray[Any]) -> Exposure:
        """Return some of the assets."""
        return replace(
            self,
            id=self.id[rows],
            lonlat=self.lonlat[rows],
            taxonomy=self.taxonomy[rows],
            number=self.number[rows],
            area=self.area[rows],
            value={k: v[rows] for k, v in self.value.items()},
            people={k: v[rows] for k, v in self.people.items()},
            tag={k: v[rows] for k, v in self.tag.items()},
            deductible={k: v[rows] for k, v in self.deductible.items()},
            limit={k: v[rows] for k, v in self.limit.items()},
            retrofitted={k: v[rows] for k, v in self.retrofitted.items()},
        )


def read_exposure(path: Path) -> Exposure:
    """Return the assets of an exposure model.

    Parameters
    ----------
    path
        NRML 0.4 or 0.5, its CSV files beside it, or both in a zip.

    Raises
    ------
    InvalidInputError
        With every fault: files, columns, numbers, places, doubled ids, kinds of cost, areas.

    Notes
    -----
    Values are brought to the whole asset: `per_asset` times the number of buildings, `per_area`
    times the area (times the number where the area is `per_asset`), `aggregated` as they are.
    """
    found = Found()
    folder = Folder(path)
    root = nrml(folder.model(found), path.name, "exposureModel", found)
    found.refuse()
    layout = _layout(root, path, found)
    from rencheng.service.xml import children, name

    inside = next(iter(children(root, "assets")), None)
    if inside is not None and len(inside):
        tables = [_inline(inside, path, found)]
        spoken = {str(one.get("period")): None for one in inside.iter() if name(one) == "occupancy"}
        layout = replace(layout, periods=tuple(dict.fromkeys([*layout.periods, *spoken])))
    else:
        files = (inside.text or "").split() if inside is not None else []
        if not files:
            found.add("columns", path.name, "assets")
        tables = [table(folder.beside(one, found), one, found) for one in files]
    parts = [_assets(one, layout, found) for one in tables if one.columns]
    found.refuse()
    made = parts[0] if len(parts) == 1 else _joined(parts)
    _check(made, path, found)
    found.refuse()
    return made


def _layout(root: Any, path: Path, found: Found) -> Layout:
    from rencheng.service.xml import children, text

    def below(*names: str) -> list[Any]:
        nodes = [root]
        for name in names:
            nodes = [child for node in nodes for child in children(node, name)]
        return nodes

    cost = {}
    for one in below("conversions", "costTypes", "costType"):
        kind = str(one.get("type", ""))
        if kind not in KINDS:
            found.add("conversion", path.name, f"{one.get('name')}: {kind or '—'}")
        cost[str(one.get("name"))] = (kind, str(one.get("unit", "")))
    area = next(
        ((str(a.get("type")), str(a.get("unit", ""))) for a in below("conversions", "area")),
        ("", ""),
    )
    absolute = {
        name: all(
            str(one.get("isAbsolute", "true")).lower() != "false"
            for one in below("conversions", name)
        )
        for name in ("deductible", "insuranceLimit")
    }
    fields = {str(f.get("oq")): str(f.get("input")) for f in below("exposureFields", "field")}
    return Layout(
        cost=cost,
        area=area,
        periods=tuple(text(root, "occupancyPeriods").split()),
        tags=tuple(text(root, "tagNames").split()),
        fields=fields,
        is_deductible_absolute=absolute["deductible"],
        is_limit_absolute=absolute["insuranceLimit"],
        description=" ".join(text(root, "description").split()),
    )


def _inline(assets: Any, path: Path, found: Found) -> Columns:
    """Return the assets of an XML file as a table."""
    from rencheng.service.xml import children

    rows: list[dict[str, str]] = []
    for one in children(assets, "asset"):
        row = {name: str(one.get(name, "")) for name in ("id", "taxonomy", "number", "area")}
        for spot in children(one, "location"):
            row |= {"lon": str(spot.get("lon", "")), "lat": str(spot.get("lat", ""))}
        for cost in (c for group in children(one, "costs") for c in children(group, "cost")):
            kind = str(cost.get("type", ""))
            row[kind] = str(cost.get("value", ""))
            for name in ("deductible", "insuranceLimit", "retrofitted"):
                if cost.get(name) is not None:
                    row[f"{name} {kind}"] = str(cost.get(name))
        for group in children(one, "occupancies"):
            for people in children(group, "occupancy"):
                row[str(people.get("period", ""))] = str(people.get("occupants", ""))
        for tags in children(one, "tags"):
            row |= {str(k): str(v) for k, v in tags.attrib.items()}
        rows.append(row)
    if not rows:
        found.add("columns", path.name, "asset")
    names = dict.fromkeys(name for row in rows for name in row)
    blank = [n for n in ("number", "area") if not any(row.get(n) for row in rows)]
    columns = {
        name: np.array([row.get(name, "") for row in rows], dtype=object)
        for name in names
        if name not in blank
    }
    return Columns(name=path.name, columns=columns, comment="", rows=len(rows))


def _assets(read: Columns, layout: Layout, found: Found) -> Exposure:
    def column(name: str) -> str:
        said = layout.fields.get(name, name)
        return said if said in read else ""

    missing = [n for n in ("id", "lon", "lat", "taxonomy") if not column(n)]
    found.add("columns", read.name, missing)
    blank = np.full(read.rows, np.nan)

    def numbers(name: str) -> F64:
        return read.numbers(column(name), found) if column(name) else blank

    def texts(name: str) -> Texts:
        return read.columns[column(name)] if column(name) else np.full(read.rows, "", dtype=object)

    number = numbers("number") if column("number") else np.ones(read.rows)
    own_area = numbers("area")
    area = own_area * (number if layout.area[0] == "per_asset" else 1.0)
    value: dict[str, F64] = {}
    deductible: dict[str, F64] = {}
    limit: dict[str, F64] = {}
    retrofitted: dict[str, F64] = {}
    for kind, (cost, _) in layout.cost.items():
        if not column(kind):  # no value of this kind is known; who asks for it is told
            continue
        each = {"per_asset": number, "per_area": area}.get(cost, np.ones(read.rows))
        value[kind] = numbers(kind) * each
        for name, into, is_absolute in (
            ("deductible", deductible, layout.is_deductible_absolute),
            ("insuranceLimit", limit, layout.is_limit_absolute),
        ):
            if column(f"{name} {kind}"):
                into[kind] = numbers(f"{name} {kind}") * (1.0 if is_absolute else value[kind])
        # A table has one column for it, which is of the structure: the engine's manual.
        better = f"retrofitted {kind}"
        if kind == "structural" and not column(better):
            better = "retrofitted"
        if column(better):
            retrofitted[kind] = numbers(better) * each
        if cost == "per_area" and np.isnan(own_area[~np.isnan(numbers(kind))]).any():
            found.add("area", read.name, kind)
    asked = dict.fromkeys([*layout.periods, *PEOPLE])
    return Exposure(
        id=texts("id"),
        lonlat=np.column_stack([numbers("lon"), numbers("lat")]),
        taxonomy=texts("taxonomy"),
        number=number,
        area=area,
        value=value,
        people={name: numbers(name) for name in asked if column(name)},
        tag={
            n: np.array([t or NO_TAG for t in texts(n)], dtype=object)
            for n in layout.tags
            if column(n)
        },
        deductible=deductible,
        limit=limit,
        retrofitted=retrofitted,
        layout=layout,
    )


def _joined(parts: list[Exposure]) -> Exposure:
    def together(name: str) -> dict[str, Any]:
        """Return columns of all parts; what one does not have is unknown there."""
        given = [getattr(part, name) for part in parts]
        keys = dict.fromkeys(key for one in given for key in one)
        blank: Any = NO_TAG if name == "tag" else np.nan
        kind: Any = object if name == "tag" else float
        return {
            key: np.concatenate(
                [
                    one.get(key, np.full(part.id.size, blank, dtype=kind))
                    for one, part in zip(given, parts, strict=True)
                ]
            )
            for key in keys
        }

    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("id", "lonlat", "taxonomy", "number", "area")
    }
    maps: dict[str, Any] = {
        name: together(name)
        for name in ("value", "people", "tag", "deductible", "limit", "retrofitted")
    }
    return replace(parts[0], **arrays, **maps)


def _check(made: Exposure, path: Path, found: Found) -> None:
    ids, counts = np.unique(made.id.astype(str), return_counts=True)
    found.add("double", f"{path.name}, id", list(ids[(counts > 1) | (ids == "")]))
    lon, lat = made.lonlat.T
    off = ~((np.abs(lon) <= 360) & (np.abs(lat) <= 90))
    found.add("place", f"{path.name}, lon, lat", list(made.id[off]))
    found.add("worth", f"{path.name}, number", list(made.id[np.isnan(made.number)]))
    better = {f"retrofitted {kind}": cost for kind, cost in made.retrofitted.items()}
    for name, values in {"number": made.number, **made.value, **made.people, **better}.items():
        bad = (values < 0) | np.isinf(values)
        found.add("negative", f"{path.name}, {name}", list(made.id[bad]))
