"""The state of the city now, from observations alone.

What a sensor says counts as long as the sensor can be relied on. Bad news from a sensor that has
fallen silent is kept while it fades; good news from such a sensor is not kept at all, so that
silence never reads as "all well".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.impact import CityState
from rencheng.domain.observation import Datastream, Quantity, StreamHealth, StreamStatus
from rencheng.perceive.presence import day_time, people_present

# Least pressure at a customer under all conditions: 20 psi. Recommended Standards for Water Works
# ("Ten States Standards"), 2018 edition, section 8.2.1.
LEAST_PRESSURE_KPA = 138.0
# Confidence halves each time this many of the stream's intervals pass beyond the first. Our choice:
# a stream counts as silent after three intervals, and then its word is worth half.
HALVING_INTERVALS = 2.0
# Below this the evidence is worth nothing and the state is unknown. Our choice.
LEAST_CONFIDENCE = 0.05
# Most that a stream which is stuck, suspect or silent can be trusted with its bad news. Our choice.
UNHEALTHY_CONFIDENCE = 0.5
# Window of the median that stands for the tide without waves. Our choice: several times the period
# of tsunami waves in a bay (tens of minutes), and short against the tide's 12.4 h.
TIDE_WINDOW_S = 3 * 3600.0
_TIDE_STEP_S = 900.0
_SERVICE_OF = {Quantity.FEEDER_STATE: "power", Quantity.WATER_PRESSURE: "water"}


def city_state(
    city: City,
    statuses: Mapping[str, StreamStatus],
    tide: Sequence[tuple[datetime, float]],
    at: datetime,
    *,
    local_hour: float,
) -> CityState:
    """Say what is known to work and what not, and how surely.

    Parameters
    ----------
    statuses
        Last word and health of each datastream, by id; one that is absent was never heard.
    tide
        Good values of one tide gauge, oldest first. [m]
    local_hour
        Hour of the city's clock. [h]

    Returns
    -------
    state
        Unknown is NaN with confidence 0 everywhere.

    Notes
    -----
    A feeder is up when its state is at least one half; a water point when its pressure is at
    least 138 kPa. Confidence is 1 within the stream's interval, then halves every two intervals;
    it is at most 0.5 for a stream that is stuck, suspect or silent, and such a stream can only
    say "down". A node watched by several streams is down when one of them says so with at least
    half of the best confidence. The number of free beds is taken from healthy streams only.
    """
    nodes = city.dependencies.node
    up, confidence, age_s = _node_states(city, statuses)
    known = {node: value for node, value in zip(nodes, up, strict=True) if not np.isnan(value)}
    times, anomaly = tide_anomaly([entry for entry in tide if entry[0] <= at])
    return CityState(
        at=at,
        node=nodes,
        up=up,
        confidence=confidence,
        age_s=age_s,
        zone_present=people_present(city, day_time(local_hour)),
        zone_power=_zone_share(city, known, "power", "feeder"),
        zone_water=_zone_share(city, known, "water", ""),
        free_beds=_free_beds(city, statuses),
        tide_anomaly_m=anomaly,
        tide_time=times,
        streams_ok=sum(_health(stream, statuses) is StreamHealth.OK for stream in city.datastreams),
        streams_total=len(city.datastreams),
    )


def tide_anomaly(
    readings: Sequence[tuple[datetime, float]],
) -> tuple[tuple[datetime, ...], F64]:
    """Return the water level above the median of the three hours before each reading. [m]

    Notes
    -----
    The city has no tidal constituents, so the tide is estimated by a trailing median. It lags:
    where the tide runs at 0.25 m/h the anomaly is wrong by up to 0.4 m.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> start = datetime(2015, 9, 16, tzinfo=UTC)
    >>> calm = [(start + timedelta(minutes=m), 0.3) for m in range(30)]
    >>> _, anomaly = tide_anomaly([*calm, (start + timedelta(minutes=30), 1.3)])
    >>> float(anomaly[-1])
    1.0
    """
    if not readings:
        return (), np.empty(0)
    times = tuple(time for time, _ in readings)
    level = np.array([value for _, value in readings], dtype=float)
    seconds = np.array([(time - times[0]).total_seconds() for time in times])
    knots = np.arange(0.0, seconds[-1] + _TIDE_STEP_S, _TIDE_STEP_S)
    first = np.searchsorted(seconds, knots - TIDE_WINDOW_S)
    last = np.maximum(np.searchsorted(seconds, knots, side="right"), first + 1)
    base = np.array([np.median(level[a:b]) for a, b in zip(first, last, strict=True)], dtype=float)
    return times, level - base[np.minimum(seconds // _TIDE_STEP_S, knots.size - 1).astype(int)]


def confidence_of(status: StreamStatus, interval_s: float) -> float:
    """Return how far a stream's last word can be trusted now, 0 to 1.

    Examples
    --------
    >>> fresh = StreamStatus(datastream="a", health=StreamHealth.OK, last_value=1.0,
    ...                      last_good_value=1.0, last_time=None, age_s=30.0)
    >>> confidence_of(fresh, 60.0)
    1.0
    """
    if not np.isfinite(status.age_s):
        return 0.0
    late = max(0.0, status.age_s / interval_s - 1.0)
    trust = 0.5 ** (late / HALVING_INTERVALS)
    if status.health is not StreamHealth.OK:
        trust = min(trust, UNHEALTHY_CONFIDENCE)
    return float(trust) if trust >= LEAST_CONFIDENCE else 0.0


def _health(stream: Datastream, statuses: Mapping[str, StreamStatus]) -> StreamHealth:
    status = statuses.get(stream.id)
    return status.health if status else StreamHealth.NEVER


def _evidence(
    city: City, statuses: Mapping[str, StreamStatus]
) -> Iterator[tuple[str, float, float, float]]:
    """Yield node, up (1 or 0), confidence and age for each stream that has something to say."""
    for stream in city.datastreams:
        service = _SERVICE_OF.get(stream.quantity)
        status = statuses.get(stream.id)
        if service is None or status is None or not stream.asset:
            continue
        trust = confidence_of(status, stream.interval_s)
        least = 0.5 if stream.quantity is Quantity.FEEDER_STATE else LEAST_PRESSURE_KPA
        is_healthy = status.health is StreamHealth.OK
        value = status.last_value if is_healthy else status.last_good_value
        if not trust or np.isnan(value) or (value >= least and not is_healthy):
            continue
        is_zone = stream.asset.startswith("zone:")
        node = f"{stream.asset}:{service}" if is_zone else stream.asset
        yield node, float(value >= least), trust, status.age_s


def _node_states(city: City, statuses: Mapping[str, StreamStatus]) -> tuple[F64, F64, F64]:
    nodes = city.dependencies.node
    row = {node: index for index, node in enumerate(nodes)}
    up = np.full(len(nodes), np.nan)
    confidence = np.zeros(len(nodes))
    age_s = np.full(len(nodes), np.inf)
    said: dict[int, list[tuple[float, float, float]]] = {}
    for node, value, trust, age in _evidence(city, statuses):
        if node in row:
            said.setdefault(row[node], []).append((value, trust, age))
    for index, words in said.items():
        best = max(trust for _, trust, _ in words)
        # Of those nearly as sure as the best, the worst news wins.
        up[index], minus_trust, age_s[index] = min(
            (value, -trust, age) for value, trust, age in words if trust >= best / 2
        )
        confidence[index] = -minus_trust
    return up, confidence, age_s


def _zone_share(city: City, known: Mapping[str, float], service: str, kind: str) -> F64:
    """Return by zone the share of its watched suppliers that are up; NaN where none is watched."""
    suppliers = _suppliers(city, service)
    lifelines = city.lifelines
    local: dict[int, list[str]] = {}
    for asset, sector, what, zone in zip(
        lifelines.id, lifelines.sector, lifelines.kind, lifelines.zone, strict=True
    ):
        if sector == service and kind in ("", what):
            local.setdefault(int(zone), []).append(asset)
    share = np.full(city.zones.id.size, np.nan)
    for zone, number in enumerate(city.zones.id):
        node = f"zone:{number}:{service}"
        watched = (
            [known[node]]
            if node in known
            else [
                known[asset]
                for asset in suppliers.get(node) or local.get(zone, [])
                if asset in known
            ]
        )
        if watched:
            share[zone] = float(np.mean(watched))
    return share


def _suppliers(city: City, service: str) -> dict[str, list[str]]:
    """Return the suppliers of a service by node, for the zones' nodes."""
    table = city.dependencies
    found: dict[str, list[str]] = {}
    for row, node in enumerate(table.node):
        if not node.startswith("zone:"):
            continue
        for group in range(table.group_start[row], table.group_start[row + 1]):
            if table.service[group] == service:
                span = slice(table.supplier_start[group], table.supplier_start[group + 1])
                found.setdefault(node, []).extend(table.node[s] for s in table.supplier[span])
    return found


def _free_beds(city: City, statuses: Mapping[str, StreamStatus]) -> F64:
    row = {facility: index for index, facility in enumerate(city.facilities.id)}
    beds = np.full(len(row), np.nan)
    for stream in city.datastreams:
        is_ours = stream.quantity is Quantity.FREE_BEDS and stream.asset in row
        if is_ours and _health(stream, statuses) is StreamHealth.OK:
            beds[row[stream.asset]] = statuses[stream.id].last_value
    return beds
