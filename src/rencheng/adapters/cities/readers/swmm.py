"""Drainage networks as SWMM writes them (INP).

Options
-------
material
    `brittle` or `ductile` for every conduit: the file states roughness, which does not tell.

Materials of single conduits come from `[TAGS]` (`Link C1 PVC`) through `values.material`. The file
does not say what coordinates it is drawn in: `crs` of the source does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from rencheng.adapters.cities.files.faults import check_size
from rencheng.adapters.cities.formats.inp import Row, Troubles, read_rows
from rencheng.adapters.cities.formats.nets import Draft, Link, make_network, material_of
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.finding import Severity

_NAMES = (
    "TITLE OPTIONS REPORT FILES RAINGAGES EVAPORATION TEMPERATURE ADJUSTMENTS SUBCATCHMENTS "
    "SUBAREAS INFILTRATION LID_CONTROLS LID_USAGE AQUIFERS GROUNDWATER GWF SNOWPACKS JUNCTIONS "
    "OUTFALLS DIVIDERS STORAGE CONDUITS PUMPS ORIFICES WEIRS OUTLETS XSECTIONS TRANSECTS STREETS "
    "INLETS INLET_USAGE LOSSES CONTROLS EVENTS POLLUTANTS LANDUSES COVERAGES LOADINGS BUILDUP "
    "WASHOFF TREATMENT INFLOWS DWF RDII HYDROGRAPHS CURVES TIMESERIES PATTERNS MAP POLYGONS "
    "COORDINATES VERTICES LABELS SYMBOLS BACKDROP TAGS PROFILES EVENT END"
)
SECTIONS = frozenset(_NAMES.split())
_FOOT = 0.3048
# SWMM 5.2 user manual, appendix A.1 "Units of measurement": flow units and what they bring.
FLOW = {
    "CFS": (_FOOT**3, False), "GPM": (3.785411784e-3 / 60, False),
    "MGD": (3785.411784 / 86400, False), "CMS": (1.0, True), "LPS": (1e-3, True),
    "MLD": (1000 / 86400, True),
}  # fmt: skip
# SWMM 5.2 user manual, table 3-1: sections whose first measure is a diameter.
_ROUND = {"CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR"}
_NODES = {"JUNCTIONS": "junction", "DIVIDERS": "junction", "OUTFALLS": "outfall",
          "STORAGE": "storage"}  # fmt: skip

Rows = Mapping[str, list[Row]]


class Swmm:
    """Reads `drainage`: junctions, outfalls, storage, pumps, conduits, orifices, weirs, outlets."""

    layers: tuple[str, ...] = ("drainage",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the drainage network; see the module for options."""
        check_size(file, job, factor=12.0)
        troubles = Troubles(file.name)
        rows = read_rows(file, SECTIONS, troubles)
        job.go_on(0.4)
        flow, metric = _units(rows, troubles)
        draft = Draft("drainage")
        for row in (*rows["COORDINATES"], *rows["VERTICES"]):
            if troubles.has(row, 3):
                point = (troubles.number(row, 1), troubles.number(row, 2))
                if row.section == "COORDINATES":
                    draft.places[row.words[0]] = point
                else:
                    draft.bends.setdefault(row.words[0], []).append(point)
        for section, kind in _NODES.items():
            for row in rows[section]:
                draft.add_node(row.words[0], kind)
        odd = _add_conduits(rows, draft, source, 1.0 if metric else _FOOT, troubles)
        bare = _add_pumps(rows, draft, flow, troubles)
        troubles.settle()
        job.go_on(0.7)
        network, faults = make_network(draft, source, job)
        faults.add("net_pump_no_curve", Severity.WARNING, bare)
        faults.add("net_not_round", Severity.INFO, odd)
        layer = layer_of("drainage", source, file, len(network.id) + len(network.link_id))
        return Given(drainage=network, layers=(layer,), findings=faults.findings)


READER = Swmm()


def _units(rows: Rows, troubles: Troubles) -> tuple[float, bool]:
    """Return m³/s in the file's unit of flow, and whether it is metric."""
    # SWMM 5.2 user manual, appendix D.2, [OPTIONS]: the default is CFS.
    unit = "CFS"
    for row in rows["OPTIONS"]:
        if row.words[0].upper() == "FLOW_UNITS" and len(row.words) > 1:
            unit = row.words[1].upper()
            if unit not in FLOW:
                troubles.add("inp.units", row.section, row.line, unit)
    return FLOW.get(unit, (math.nan, True))


def _add_conduits(
    rows: Rows, draft: Draft, source: Source, metre: float, troubles: Troubles
) -> list[str]:
    """Add everything that water runs through; return ids of conduits that are not round."""
    shape: dict[str, tuple[str, float]] = {}
    for row in rows["XSECTIONS"]:
        if troubles.has(row, 2):
            kind = row.words[1].upper()
            size = troubles.number(row, 2) * metre if kind in _ROUND else math.nan
            shape[row.words[0]] = (kind, size)
    tags = {
        row.words[1]: row.words[2]
        for row in rows["TAGS"]
        if len(row.words) > 2 and row.words[0].upper() == "LINK"
    }
    usual = str(source.options.get("material", ""))
    usual = usual if usual in ("brittle", "ductile") else ""
    odd = []
    for section, fields in (("CONDUITS", 4), ("ORIFICES", 3), ("WEIRS", 3), ("OUTLETS", 3)):
        is_pipe = section == "CONDUITS"
        for row in rows[section]:
            if not troubles.has(row, fields):
                continue
            name, start, end = row.words[:3]
            kind, size = shape.get(name, ("", math.nan))
            if is_pipe and kind not in _ROUND:
                odd.append(name)
            draft.add_link(
                Link(
                    name, start, end,
                    length_m=troubles.number(row, 3) * metre if is_pipe else math.nan,
                    diameter_m=size,
                    material=(material_of(tags.get(name, ""), source) or usual) if is_pipe else "",
                    is_measured=is_pipe,
                )
            )  # fmt: skip
    return odd


def _add_pumps(rows: Rows, draft: Draft, flow: float, troubles: Troubles) -> list[str]:
    """Add the pumps; return the ids of those without a curve."""
    most: dict[str, float] = {}
    kind: dict[str, str] = {}
    for row in rows["CURVES"]:
        words = list(row.words[1:])
        if words and not _is_number(words[0]):
            kind[row.words[0]] = words.pop(0).upper()
        # Pairs of x and y; the flow of a pump is y in all four kinds of its curve (section 3.2.5).
        if kind.get(row.words[0], "").startswith("PUMP"):
            for word in words[1::2]:
                if _is_number(word):
                    most[row.words[0]] = max(most.get(row.words[0], 0.0), float(word))
                else:
                    troubles.add("inp.number", row.section, row.line, word)
    bare = []
    for row in rows["PUMPS"]:
        if troubles.has(row, 3):
            name, start, end = row.words[:3]
            curve = row.get(3)
            if curve not in most and curve != "*":  # `*`: an ideal pump passes what comes
                bare.append(name)
            draft.add_device(Link(name, start, end), "pump", most.get(curve, math.nan) * flow)
    return bare


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
