"""Board of the environment: a tide gauge at most, and a plain list of what is not watched."""

from __future__ import annotations

import numpy as np

from rencheng.control.view import View, exactly
from rencheng.domain.city import Sector
from rencheng.domain.control import Light, Measure, SectorBoard
from rencheng.domain.provenance import Figure, Origin, Text

# Bounds between the threat classes of the Pacific Tsunami Warning Center's products (below 0.3 m,
# 0.3 to 1 m, above), from memory: not verified. [m]
STRAINED_FROM_M, FAILING_FROM_M = 0.3, 1.0
# No source: house default. A gauge silent for longer says nothing about the sea now. [s]
TIDE_OLD_S = 3600.0
# Nothing in the city's model measures these.
NEVER_WATCHED = ("air_quality", "rivers", "weather")
# Layers of the city that this board would need.
LAYERS = ("terrain", "bathymetry", "soil")


def board(view: View) -> SectorBoard:
    """Return the environment board."""
    missing = NEVER_WATCHED + tuple(
        layer.name
        for layer in view.city.layers
        if layer.name in LAYERS and layer.origin is Origin.MISSING
    )
    times = view.state.tide_time
    why = view.observed(("tide_gauge",), times[-1] if times else view.state.at, missing=missing)
    now, peak = _sea(view)
    light, headline = _judge(view, now, peak, len(missing))
    return SectorBoard(
        sector=Sector.ENVIRONMENT,
        light=light,
        headline=headline,
        state=(
            Figure(key="sea_above_normal", band=exactly(now), unit="m", why=why),
            Figure(key="sea_peak", band=exactly(peak), unit="m", why=why),
        ),
        forecast=(),
        measures=_measures(view),
        why=why,
    )


def _sea(view: View) -> tuple[float, float]:
    """Return the last and the greatest departure of the sea from its level before; NaN unknown."""
    level, times = view.state.tide_anomaly_m, view.state.tide_time
    if not times:
        return float("nan"), float("nan")
    recent = (view.at - times[-1]).total_seconds() <= TIDE_OLD_S
    return (float(level[-1]) if recent else float("nan")), float(np.max(level))


def _judge(view: View, now: float, peak: float, missing: int) -> tuple[Light, Text]:
    if np.isnan(now):
        return Light.UNKNOWN, Text("control.environment.unknown", {"missing": missing})
    # A wave comes and goes: the last hour counts, not the last reading.
    times, level = view.state.tide_time, view.state.tide_anomaly_m
    is_recent = np.array([(view.at - t).total_seconds() <= TIDE_OLD_S for t in times])
    swing = float(np.abs(level[is_recent]).max())
    # A calm sea says nothing about the rest: grey while other things have no data, never green.
    light = Light.UNKNOWN if missing else Light.NORMAL
    if swing >= STRAINED_FROM_M:
        light = Light.STRAINED if swing < FAILING_FROM_M else Light.FAILING
    told = {"now": now, "swing": swing, "peak": peak, "missing": missing}
    return light, Text("control.environment.sea", told)


def _measures(view: View) -> tuple[Measure, ...]:
    if view.impact is None or not view.impact.tsunami.is_possible:
        return ()
    reason = "control.reason.tsunami_shallow"
    if not view.impact.tsunami.depth_is_known:
        reason = "control.reason.tsunami_depth_unknown"
    zones = int(view.city.zones.is_coastal.sum())
    return (
        Measure(
            text=Text("control.measure.leave_shore"),
            reason=Text(reason, {"zones": zones}),
            place="coast",
        ),
    )
