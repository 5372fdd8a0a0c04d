"""Power networks that pandapower saved as JSON.

Options
-------
merge
    `false` keeps every bus a node of its own. By default buses that closed bus-bus switches or
    transformers join are one station: whoever maps a substation bus by bus would otherwise have
    it fail once for every busbar.
minimum_kv
    Buses below this voltage, and what hangs on them, are left out and counted. [kV]

Nodes: a station is a `substation` where it has a transformer, else a `junction`; an external grid,
a generator or a static generator is `generation`; a load is a `feeder`, which serves residents; a
motor (a pump, say) is a `junction`, which serves none. They keep the names of the file, so that a
table of dependencies can speak of them. Coordinates come from `geo` (pandapower 3) or
`bus_geodata` (pandapower 2), in the `crs` of the source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rencheng.adapters.cities.files.faults import Faults, check_size
from rencheng.adapters.cities.formats.nets import Draft, Link, make_network
from rencheng.adapters.cities.formats.pandanet import Record, Table, line_of, point_of, read_tables
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.finding import Severity

TABLES: dict[str, tuple[str, ...]] = {
    "bus": ("vn_kv",),
    "bus_geodata": ("x", "y"),
    "line": ("from_bus", "to_bus"),
    "line_geodata": ("coords",),
    "dcline": ("from_bus", "to_bus"),
    "impedance": ("from_bus", "to_bus"),
    "trafo": ("hv_bus", "lv_bus"),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus"),
    "switch": ("bus", "element", "et", "closed"),
    "ext_grid": ("bus",),
    "gen": ("bus",),
    "sgen": ("bus",),
    "storage": ("bus",),
    "load": ("bus",),
    "motor": ("bus",),
    "loads_geodata": ("x", "y"),
    "ext_grid_geodata": ("x", "y"),
}
"""Tables read, and the columns that each must have when it has rows."""
_GIVERS = ("ext_grid", "gen", "sgen", "storage")
_TAKERS = ("load", "motor")
_KINDS = {**dict.fromkeys(_GIVERS, "generation"), "load": "feeder", "motor": "junction"}


@dataclass(slots=True)
class _Grid:
    """The tables, and the station of each bus."""

    tables: dict[str, Table]
    station: dict[int, int]
    """Bus → the bus that stands for its station."""
    rating: dict[int, float] = field(default_factory=dict)
    """Transformers of a station together. [MVA]"""
    off: list[str] = field(default_factory=list)
    names: dict[str, dict[int, str]] = field(default_factory=dict)

    def name(self, table: str, index: int) -> str:
        return self.names[table][index]


class Pandapower:
    """Reads `power`: stations, sources, loads, lines."""

    layers: tuple[str, ...] = ("power",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the power network; see the module for options."""
        check_size(file, job, factor=15.0)
        tables, odd = read_tables(file, TABLES)
        job.go_on(0.4)
        low = source.options.get("minimum_kv", 0.0)
        draft = Draft("power")
        grid = _stations(tables, merge=source.options.get("merge") is not False)
        small = _add_stations(grid, draft, float(low))
        _add_lines(grid, draft)
        _add_parties(grid, draft)
        draft.closed = grid.off
        job.go_on(0.7)
        network, faults = make_network(draft, source, job)
        _say(grid, draft, small, faults)
        faults.add("net_no_number", Severity.WARNING, odd)
        layer = layer_of("power", source, file, len(network.id) + len(network.link_id))
        return Given(power=network, layers=(layer,), findings=faults.findings)


READER = Pandapower()


def _is_on(record: Record) -> bool:
    return record.get("in_service") is not False


def _stations(tables: dict[str, Table], *, merge: bool) -> _Grid:
    """Find which buses are one station: a union over closed bus-bus switches and transformers."""
    parent = {bus: bus for bus, _ in tables["bus"]}

    def root(bus: int) -> int:
        while parent[bus] != bus:
            parent[bus] = parent[parent[bus]]
            bus = parent[bus]
        return bus

    def join(one: int, other: int) -> None:
        if one in parent and other in parent:
            first, second = sorted((root(one), root(other)))
            parent[second] = first

    if merge:
        for _, switch in tables["switch"]:
            if switch["et"] == "b" and switch["closed"]:
                join(int(switch["bus"]), int(switch["element"]))
        for table, ends in (("trafo", ("lv_bus",)), ("trafo3w", ("mv_bus", "lv_bus"))):
            for _, trafo in tables[table]:
                if _is_on(trafo):
                    for end in ends:
                        join(int(trafo["hv_bus"]), int(trafo[end]))
    grid = _Grid(tables, {bus: root(bus) for bus in parent})
    for name in TABLES:
        grid.names[name] = {
            index: str(record.get("name") or f"{name}:{index}") for index, record in tables[name]
        }
    for table, rated in (("trafo", "sn_mva"), ("trafo3w", "sn_hv_mva")):
        for index, trafo in tables[table]:
            if not _is_on(trafo):
                grid.off.append(grid.name(table, index))
            elif int(trafo["hv_bus"]) in grid.station:
                at = grid.station[int(trafo["hv_bus"])]
                size = float(trafo.get(rated) or math.nan) * float(trafo.get("parallel") or 1)
                grid.rating[at] = grid.rating.get(at, 0.0) + size
    return grid


def _add_stations(grid: _Grid, draft: Draft, low_kv: float) -> list[str]:
    """Add the stations; return the buses left out for their voltage."""
    places = {bus: point_of(record) for bus, record in grid.tables["bus_geodata"]}
    members: dict[int, list[int]] = {}
    small = []
    for bus, record in grid.tables["bus"]:
        name = grid.name("bus", bus)
        if not _is_on(record):
            grid.off.append(name)
        elif float(record["vn_kv"] or 0.0) < low_kv:
            small.append(name)
        else:
            members.setdefault(grid.station[bus], []).append(bus)
    for at, buses in members.items():
        head = max(buses, key=lambda bus: (float(grid.tables["bus"].rows[bus]["vn_kv"]), -bus))
        name = grid.name("bus", head)
        if name in draft.nodes:  # two buses of one name are common: the number tells them apart
            name = f"bus:{head}"
        grid.names["bus"] |= dict.fromkeys(buses, name)
        has_trafo = at in grid.rating
        draft.add_node(
            name, "substation" if has_trafo else "junction", grid.rating.get(at, math.nan)
        )
        found = [places.get(b) or point_of(grid.tables["bus"].rows[b]) for b in buses]
        known = [place for place in found if place is not None]
        if known:
            draft.places[name] = (
                sum(x for x, _ in known) / len(known),
                sum(y for _, y in known) / len(known),
            )
    return small


def _opened(grid: _Grid) -> dict[str, set[int]]:
    """Return the lines and transformers that an open switch cuts."""
    found: dict[str, set[int]] = {"l": set(), "t": set(), "t3": set()}
    for _, switch in grid.tables["switch"]:
        if not switch["closed"] and switch["et"] in found:
            found[switch["et"]].add(int(switch["element"]))
    return found


def _add_lines(grid: _Grid, draft: Draft) -> None:
    opened = _opened(grid)["l"]
    drawn = {index: line_of(record) for index, record in grid.tables["line_geodata"]}
    taken: set[str] = set()
    for table in ("line", "dcline", "impedance"):
        for index, record in grid.tables[table]:
            name = grid.name(table, index)
            if not _is_on(record) or (table == "line" and index in opened):
                grid.off.append(name)
                continue
            name = name if name not in taken else f"{table}:{index}"
            taken.add(name)
            start, end = int(record["from_bus"]), int(record["to_bus"])
            if grid.station.get(start, -1) == grid.station.get(end, -2):
                continue  # a line inside one station
            points = drawn.get(index) or line_of(record)
            draft.bends[name] = points[1:-1]
            draft.add_link(
                Link(
                    name, _bus(grid, start), _bus(grid, end),
                    length_m=float(record.get("length_km") or math.nan) * 1000.0,
                    capacity=_carries(grid, table, record),
                    is_measured=table == "line",
                )
            )  # fmt: skip
    if not _merged(grid):
        _add_joints(grid, draft)


def _merged(grid: _Grid) -> bool:
    return any(bus != at for bus, at in grid.station.items())


def _add_joints(grid: _Grid, draft: Draft) -> None:
    """Add switches and transformers as links, where buses were not merged."""
    opened = _opened(grid)
    for index, switch in grid.tables["switch"]:
        if switch["et"] == "b" and switch["closed"]:
            ends = int(switch["bus"]), int(switch["element"])
            draft.add_link(Link(f"switch:{index}", _bus(grid, ends[0]), _bus(grid, ends[1])))
    for index, trafo in grid.tables["trafo"]:
        if _is_on(trafo) and index not in opened["t"]:
            ends = int(trafo["hv_bus"]), int(trafo["lv_bus"])
            name = grid.name("trafo", index)
            size = float(trafo.get("sn_mva") or math.nan)
            draft.add_link(Link(name, _bus(grid, ends[0]), _bus(grid, ends[1]), capacity=size))


def _bus(grid: _Grid, bus: int) -> str:
    return grid.names["bus"].get(bus, f"bus:{bus}")


def _carries(grid: _Grid, table: str, record: Record) -> float:
    """Return what a line can carry, at a power factor of one. [MW]"""
    if table == "dcline":
        return abs(float(record.get("max_p_mw") or record.get("p_mw") or math.nan))
    bus = grid.tables["bus"].rows.get(int(record["from_bus"]), {})
    current = float(record.get("max_i_ka") or math.nan)
    share = float(record.get("df") or 1.0) * float(record.get("parallel") or 1.0)
    return math.sqrt(3.0) * float(bus.get("vn_kv") or math.nan) * current * share


def _add_parties(grid: _Grid, draft: Draft) -> None:
    """Add what gives and what takes power, each on a line of its own to its station."""
    drawn = {
        "load": dict(grid.tables["loads_geodata"]),
        "ext_grid": dict(grid.tables["ext_grid_geodata"]),
    }  # of pandapower 2; pandapower 3 passes them on as they are
    for table in (*_GIVERS, *_TAKERS):
        for index, record in grid.tables[table]:
            name = grid.name(table, index)
            station = _bus(grid, int(record["bus"]))
            if not _is_on(record):
                grid.off.append(name)
                continue
            if name in draft.nodes:
                name = f"{table}:{index}"
            draft.add_node(name, _KINDS[table], _power(table, record))
            own = point_of(drawn.get(table, {}).get(index, {}))
            if own or station in draft.places:
                draft.places[name] = own or draft.places[station]
            draft.add_link(Link(f"{name}:in", *_flow(table, name, station)))


def _flow(table: str, name: str, station: str) -> tuple[str, str]:
    return (name, station) if table in _GIVERS else (station, name)


def _power(table: str, record: Record) -> float:
    """Return what a source can give or a load asks for. [MW]"""
    columns: Iterable[str] = {
        "ext_grid": ("max_p_mw",),
        "load": ("p_mw",),
        "motor": ("pn_mech_mw",),
    }.get(table, ("max_p_mw", "sn_mva", "p_mw"))
    for column in columns:
        value = record.get(column)
        if value is not None and math.isfinite(float(value)) and abs(float(value)) < 1e6:
            scale = record.get("scaling") if table in _TAKERS else 1.0
            return abs(float(value)) * float(1.0 if scale is None else scale)
    return math.nan


def _say(grid: _Grid, draft: Draft, small: list[str], faults: Faults) -> None:
    faults.add("net_small", Severity.INFO, small)
    motors = sum(1 for _, record in grid.tables["motor"] if _is_on(record))
    here = sum(1 for kind, _ in draft.nodes.values() if kind in ("substation", "junction"))
    stations = here - motors
    buses = len(grid.station) - len(small)
    if stations < buses:
        faults.add("net_merged", Severity.INFO, ["bus"], count=buses, stations=stations)
    if not any(kind == "generation" for kind, _ in draft.nodes.values()):
        faults.add("net_no_source", Severity.ERROR, [draft.sector])
