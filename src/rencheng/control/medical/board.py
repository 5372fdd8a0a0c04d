"""Board of the hospitals: free beds seen, patients and hospital service forecast."""

from __future__ import annotations

import numpy as np

from rencheng.control.view import MEASURES, View, estimate, exactly, outlook
from rencheng.domain.city import Sector
from rencheng.domain.control import Light, Measure, SectorBoard
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text

# No source: house defaults. A hospital below this chance of service gets a measure; a free share of
# the staffed beds from which the lamp is normal.
UNSURE_BELOW = 0.5
FREE_FROM = 0.05


def board(view: View) -> SectorBoard:
    """Return the medical board."""
    beds, patients = _free_beds(view), _patients(view)
    light, headline = _judge(view, beds, patients)
    seen = view.observed(("sensors", "health_sites"), view.state.at)
    ahead = view.forecast("health_sites", "dependencies", "roads", "buildings")
    hospitals = _hospitals(view)
    reporting = float(np.isfinite(view.state.free_beds[hospitals]).sum())
    return SectorBoard(
        sector=Sector.MEDICAL,
        light=light,
        headline=headline,
        state=(
            Figure(key="free_beds", band=exactly(beds), unit="{bed}", why=seen),
            Figure(
                key="hospitals_reporting", band=exactly(reporting), unit="{hospital}", why=seen,
                base=float(hospitals.size), base_unit="{hospital}",
            ),
        ),
        forecast=(
            Figure(key="patients_24h", band=patients, unit="{person}", why=ahead),
            *outlook(view, "health", ahead),
        ),
        measures=(*_unsure(view), *_running_out(view)),
        why=ahead if view.impact else seen,
    )  # fmt: skip


def _hospitals(view: View) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero([kind == "hospital" for kind in view.city.facilities.kind])


def _free_beds(view: View) -> float:
    """Return free beds of the hospitals that report; NaN when none does."""
    beds = view.state.free_beds[_hospitals(view)]
    known = beds[~np.isnan(beds)]
    return float(known.sum()) if known.size else float("nan")


def _patients(view: View) -> Band:
    """Return people who need a hospital: HAZUS severity 2 and 3."""
    if view.impact is None:
        return UNKNOWN
    return Band.of(view.impact.people.injured[:, :, 1:3].sum(axis=(1, 2)))


def _judge(view: View, beds: float, patients: Band) -> tuple[Light, Text]:
    light, told = estimate(view, "health")
    if light is not Light.UNKNOWN and patients.is_known:
        told = {**told, "patients": patients.p50, "most": patients.p95}
        if not np.isnan(beds):
            if patients.p95 > beds:
                light = (
                    Light.FAILING if patients.p50 > beds else max(light, Light.STRAINED, key=_bad)
                )
            return light, Text("control.health.both", {**told, "beds": beds})
        return light, Text("control.health.estimated", told)
    if np.isnan(beds):
        return Light.UNKNOWN, Text("control.health.unknown")
    staffed = view.city.facilities.beds[_hospitals(view)]
    free = beds / float(np.nansum(staffed)) if np.nansum(staffed) > 0 else float("nan")
    light = Light.FAILING if beds <= 0 else Light.UNKNOWN
    if beds > 0 and not np.isnan(free):
        light = Light.NORMAL if free >= FREE_FROM else Light.STRAINED
    return light, Text("control.health.observed", {"beds": beds})


def _bad(light: Light) -> int:
    return (Light.UNKNOWN, Light.NORMAL, Light.STRAINED, Light.FAILING).index(light)


def _unsure(view: View) -> tuple[Measure, ...]:
    """Suggest to check hospitals that have probably stopped or cannot be reached."""
    if view.impact is None:
        return ()
    works, facilities = view.impact.access.hospital_works, view.city.facilities
    rows = np.flatnonzero(works < UNSURE_BELOW)
    return tuple(
        Measure(
            text=Text("control.measure.check_hospital", {"place": facilities.name[row]}),
            reason=Text("control.reason.hospital_unsure", {"chance": float(works[row])}),
            place=facilities.id[row],
        )
        for row in rows[np.argsort(works[rows], kind="stable")][:MEASURES]
    )


def _running_out(view: View) -> tuple[Measure, ...]:
    """Suggest fuel and water for hospitals that work now and will probably not within 72 h."""
    if view.impact is None:
        return ()
    services, facilities = view.impact.services, view.city.facilities
    now, last = view.step(0.0), view.step(72.0)
    found: list[tuple[float, Measure]] = []
    for row in _hospitals(view):
        if facilities.id[row] not in services.node:
            continue
        up = services.asset_up[services.node.index(facilities.id[row])]
        least = float(up[now : last + 1].min())
        if up[now] - least >= UNSURE_BELOW:
            hours = services.time_h[now + int(np.argmin(up[now : last + 1]))] - services.time_h[now]
            told = {"chance": least, "hours": float(hours)}
            measure = Measure(
                text=Text("control.measure.fuel", {"place": facilities.name[row]}),
                reason=Text("control.reason.backup_ends", told),
                place=facilities.id[row],
            )
            found.append((least, measure))
    return tuple(measure for _, measure in sorted(found, key=lambda entry: entry[0])[:MEASURES])
