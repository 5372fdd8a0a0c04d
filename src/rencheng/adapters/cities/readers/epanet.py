"""Water networks as EPANET writes them (INP).

Options
-------
reservoir
    What a reservoir of the file is: `treatment` (default) or `well`.
material
    `brittle` or `ductile` for every pipe of which the file says nothing.
brittle_below
    Pipes with a roughness coefficient below this are brittle, the others ductile (Hazen-Williams
    only: old cast iron is rough). Off unless given, because it is a guess.
keep_closed
    `true` keeps pipes that are closed; by default they are left out and counted.

Materials stand in `[TAGS]` (`LINK pipe DI`) or as the comment behind a pipe; the recipe's
`values.material` translates the city's own words. The file does not say what coordinates it is
drawn in: `crs` of the source does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from rencheng.adapters.cities.files.faults import Faults, check_size
from rencheng.adapters.cities.formats.inp import Row, Troubles, read_rows
from rencheng.adapters.cities.formats.nets import Draft, Link, make_network, material_of
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.finding import Severity

_NAMES = (
    "TITLE JUNCTIONS RESERVOIRS TANKS PIPES PUMPS VALVES EMITTERS CURVES PATTERNS ENERGY STATUS "
    "CONTROLS RULES DEMANDS QUALITY REACTIONS SOURCES MIXING OPTIONS TIMES REPORT COORDINATES "
    "VERTICES LABELS BACKDROP TAGS LEAKAGE ROUGHNESS END"
)
SECTIONS = frozenset(_NAMES.split())
# EPANET 2.2 user manual, appendix A.1 "Units of measurement": flow units and what they bring.
_FOOT, _INCH = 0.3048, 0.0254
_GALLON, _IMPERIAL, _ACRE_FOOT, _DAY = 3.785411784e-3, 4.54609e-3, 1233.48183754752, 86400.0
FLOW = {
    "CFS": (_FOOT**3, False), "GPM": (_GALLON / 60, False), "MGD": (1e6 * _GALLON / _DAY, False),
    "IMGD": (1e6 * _IMPERIAL / _DAY, False), "AFD": (_ACRE_FOOT / _DAY, False),
    "LPS": (1e-3, True), "LPM": (1e-3 / 60, True), "MLD": (1e3 / _DAY, True),
    "CMH": (1 / 3600, True), "CMD": (1 / _DAY, True), "CMS": (1.0, True),
}  # fmt: skip
"""m³/s in one unit of flow, and whether lengths are metric."""
_LINKS = ("PIPES", "PUMPS", "VALVES")

Rows = Mapping[str, list[Row]]


class Epanet:
    """Reads `water`: sources, tanks, pumps, junctions with demand, pipes, valves."""

    layers: tuple[str, ...] = ("water",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the water network; see the module for options."""
        check_size(file, job, factor=12.0)
        troubles = Troubles(file.name)
        rows = read_rows(file, SECTIONS, troubles)
        job.go_on(0.4)
        flow, metric = _units(rows, troubles)
        draft = Draft("water")
        _add_places(rows, draft, troubles)
        _add_nodes(rows, draft, source, flow, troubles)
        _add_pipes(rows, draft, source, metric, troubles)
        no_curve = _add_pumps(rows, draft, flow, troubles)
        troubles.settle()
        job.go_on(0.7)
        network, faults = make_network(draft, source, job)
        faults.add("net_pump_no_curve", Severity.WARNING, no_curve)
        _say_materials(draft, faults)
        layer = layer_of("water", source, file, len(network.id) + len(network.link_id))
        return Given(water=network, layers=(layer,), findings=faults.findings)


READER = Epanet()


def _units(rows: Rows, troubles: Troubles) -> tuple[float, bool]:
    """Return m³/s in the file's unit of flow, and whether it is metric."""
    # EPANET 2.2 user manual, appendix C, [OPTIONS]: the default is GPM.
    unit = "GPM"
    for row in rows["OPTIONS"]:
        if row.words[0].upper() == "UNITS" and len(row.words) > 1:
            unit = row.words[1].upper()
            if unit not in FLOW:
                troubles.add("inp.units", row.section, row.line, unit)
    return FLOW.get(unit, (math.nan, True))


def _add_places(rows: Rows, draft: Draft, troubles: Troubles) -> None:
    for row in rows["COORDINATES"]:
        if troubles.has(row, 3):
            draft.places[row.words[0]] = (troubles.number(row, 1), troubles.number(row, 2))
    for row in rows["VERTICES"]:
        if troubles.has(row, 3):
            point = (troubles.number(row, 1), troubles.number(row, 2))
            draft.bends.setdefault(row.words[0], []).append(point)


def _add_nodes(rows: Rows, draft: Draft, source: Source, flow: float, troubles: Troubles) -> None:
    origin = "well" if source.options.get("reservoir") == "well" else "treatment"
    several = _demands(rows, troubles)
    multiplier = 1.0
    for row in rows["OPTIONS"]:
        if [word.upper() for word in row.words[:2]] == ["DEMAND", "MULTIPLIER"]:
            multiplier = troubles.number(row, 2, 1.0)
    for row in rows["JUNCTIONS"]:
        name = row.words[0]
        demand = several.get(name, troubles.number(row, 2, 0.0)) * flow * multiplier
        # A negative demand is water that comes in: EPANET 2.2 user manual, section 3.1, junctions.
        draft.add_node(name, origin if demand < 0 else "junction", abs(demand))
    for row in rows["RESERVOIRS"]:
        draft.add_node(row.words[0], origin)
    for row in rows["TANKS"]:
        draft.add_node(row.words[0], "tank" if len(row.words) > 3 else origin)


def _demands(rows: Rows, troubles: Troubles) -> dict[str, float]:
    """Return the demands of `[DEMANDS]`, which stand for those of `[JUNCTIONS]`."""
    found: dict[str, float] = {}
    for row in rows["DEMANDS"]:
        if row.words[0].upper() != "MULTIPLY" and troubles.has(row, 2):
            found[row.words[0]] = found.get(row.words[0], 0.0) + troubles.number(row, 1, 0.0)
    return found


def _add_pipes(rows: Rows, draft: Draft, source: Source, metric: bool, troubles: Troubles) -> None:
    metre, inner = (1.0, 1e-3) if metric else (_FOOT, _INCH)
    keep_closed = source.options.get("keep_closed") is True
    closed = _closed(rows)
    tags = {
        row.words[1]: row.words[2]
        for row in rows["TAGS"]
        if len(row.words) > 2 and row.words[0].upper() == "LINK"
    }
    for row in rows["PIPES"]:
        if not troubles.has(row, 5):
            continue
        status = closed.get(row.words[0], row.words[-1].upper() == "CLOSED")
        if status and not keep_closed:
            draft.closed.append(row.words[0])
            continue
        name, start, end = row.words[:3]
        said = material_of(tags.get(name, ""), source) or material_of(row.comment, source)
        draft.add_link(
            Link(
                name, start, end,
                length_m=troubles.number(row, 3) * metre,
                diameter_m=troubles.number(row, 4) * inner,
                material=said or _guessed(troubles.number(row, 5), source),
                is_measured=True,
            )
        )  # fmt: skip
    for row in rows["VALVES"]:
        if troubles.has(row, 4):
            name, start, end = row.words[:3]
            if closed.get(name, False) and not keep_closed:
                draft.closed.append(name)
                continue
            draft.add_link(Link(name, start, end, diameter_m=troubles.number(row, 3) * inner))


def _closed(rows: Rows) -> dict[str, bool]:
    """Return by id whether `[STATUS]` closes a link; it stands over the link's own row."""
    return {
        row.words[0]: row.words[1].upper() == "CLOSED"
        for row in rows["STATUS"]
        if len(row.words) > 1
    }


def _guessed(roughness: float, source: Source) -> str:
    limit = source.options.get("brittle_below")
    if isinstance(limit, int | float) and not isinstance(limit, bool) and roughness > 0:
        return "brittle" if roughness < limit else "ductile"
    said = str(source.options.get("material", ""))
    return said if said in ("brittle", "ductile") else ""


def _add_pumps(rows: Rows, draft: Draft, flow: float, troubles: Troubles) -> list[str]:
    """Add the pumps; return the ids of those without a curve or a power."""
    widest: dict[str, float] = {}
    for row in rows["CURVES"]:
        if troubles.has(row, 3):
            widest[row.words[0]] = max(widest.get(row.words[0], 0.0), troubles.number(row, 1))
    bare = []
    for row in rows["PUMPS"]:
        if not troubles.has(row, 3):
            continue
        name, start, end = row.words[:3]
        words = [word.upper() for word in row.words[3:]]
        curve = row.words[4 + words.index("HEAD")] if "HEAD" in words[:-1] else ""
        if curve not in widest and "POWER" not in words and len(_numbers(row)) < 1:
            bare.append(name)
        draft.add_device(Link(name, start, end), "pump", widest.get(curve, math.nan) * flow)
    return bare


def _numbers(row: Row) -> list[str]:
    """Return the bare numbers behind a pump: the old form states points of its curve."""
    words = row.words[3:4]
    return [word for word in words if word.replace(".", "", 1).isdigit()]


def _say_materials(draft: Draft, faults: Faults) -> None:
    pipes = [link for link in draft.links if link.is_measured]
    unknown = [link.id for link in pipes if not link.material]
    faults.add("net_material", Severity.WARNING, unknown, total=len(pipes))
