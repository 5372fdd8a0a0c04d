"""Losses of 1,000 events at 100,000 points, 5 % of them reached, 100 kinds of curve.

The compiled loop against its NumPy twin, SciPy's sparse product and, where it is installed,
CLIMADA. Run with `python benchmarks/impact.py [events] [points] [classes]`.
"""

from __future__ import annotations

import importlib.util
import sys
import tracemalloc
import warnings
from typing import Any

import numpy as np
from common import Measured, measure, report

from rencheng.domain.curve import Beyond, Curve, CurveKind, CurveStatus
from rencheng.domain.risk import EventHead, EventImpact, Events, Portfolio
from rencheng.model.risk import twin
from rencheng.model.risk.impact import impact
from rencheng.model.risk.stock import stock

SHARE, KNOTS = 0.05, 8
CPU_S, EXTRA_MB, SAME = 0.06, 10.0, 1e-9


def main(events: int = 1000, points: int = 100_000, classes: int = 100) -> None:
    """Time all on the same input and check that they agree."""
    rng = np.random.default_rng(1)
    happened, folio, curves = case(rng, events, points, classes)

    def ours() -> EventImpact:
        return impact(happened, folio, curves, with_spread=False)

    ours()
    fast = measure(ours, repeat=15)
    tracemalloc.start()
    ours()
    extra = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    slow = measure(lambda: numpy_twin(happened, folio, curves), repeat=1)
    sparse = measure(lambda: scipy_product(happened, folio, curves), repeat=1)
    rows = [
        ("numba kernel", fast, f"{1e9 * fast.cpu_s / happened.point.size:.1f} ns a value"),
        ("NumPy twin", slow, times(slow, fast)),
        ("SciPy CSR", sparse, times(sparse, fast)),
    ]
    rows += [(name, took, times(took, fast)) for name, took in climada(happened, folio, curves)]
    report(rows)
    off = max(worst(fast.result.known_loss, one.result) for _, one, _ in rows[1:])
    print(
        f"{happened.point.size:,} values, {classes} classes, {extra:.1f} MB extra, "
        f"largest relative difference of an event's loss {off:.1e}"
    )
    if fast.cpu_s > CPU_S or extra > EXTRA_MB or off > SAME:
        raise SystemExit(1)


def case(
    rng: np.random.Generator, events: int, points: int, classes: int
) -> tuple[Events, Portfolio, list[Curve]]:
    """Return storms over a plane of points, one asset at each."""
    many = int(points * SHARE)
    point = np.concatenate(
        [np.sort(rng.choice(points, many, replace=False)) for _ in range(events)]
    )
    happened = Events(
        head=EventHead(
            place=rng.random((points, 2)),
            rate=np.full(events, 1.0 / events),
            names=tuple(str(i) for i in range(events)),
            measure="gust_3s",
            unit="m/s",
            source="made up for a measurement",
        ),
        start=np.arange(events + 1, dtype=np.int64) * many,
        point=point.astype(np.int32),
        intensity=rng.gamma(8.0, 5.0, point.size).astype(np.float32),
    )
    folio = Portfolio(
        id=tuple(map(str, range(points))),
        point=np.arange(points, dtype=np.int32),
        curve=rng.integers(0, classes, (points, 1)).astype(np.int32),
        value=rng.gamma(2.0, 1e5, (points, 1)),
        components=("whole",),
        currency="USD",
        year=2024,
    )
    return happened, folio, [made_up(rng, str(i)) for i in range(classes)]


def made_up(rng: np.random.Generator, name: str) -> Curve:
    """Return a curve with its knots where tables have them: evenly, a little off."""
    x = np.linspace(20.0, 90.0, KNOTS) + rng.uniform(-3.0, 3.0, KNOTS)
    return Curve(
        id=name,
        kind=CurveKind.VULNERABILITY,
        hazard="wind",
        component="whole",
        intensity="gust_3s",
        unit="m/s",
        asset="house",
        region="any",
        x=x,
        mean=np.sort(rng.random(KNOTS)),
        low=x[0],
        high=x[-1],
        below=Beyond.HOLD,
        source="made up for a measurement",
        licence="CC0-1.0",
        status=CurveStatus.ASSUMPTION,
        version="1",
    )


def numpy_twin(happened: Events, folio: Portfolio, curves: list[Curve]) -> Any:
    """Return the loss of each event by the oracle of the tests."""
    things = stock(folio, len(happened.head.place))
    stored = (happened.start, happened.point, happened.intensity, happened.head.rate)
    return twin.losses(stored, (things.first, things.curve, things.value, things.asset), curves)[0]


def scipy_product(happened: Events, folio: Portfolio, curves: list[Curve]) -> Any:
    """Return the loss of each event by slicing a sparse matrix class by class."""
    from scipy.sparse import csr_matrix

    shape = (happened.start.size - 1, len(happened.head.place))
    hazard = csr_matrix((happened.intensity, happened.point, happened.start), shape=shape).tocsc()
    total = np.zeros(shape[0])
    for row, curve in enumerate(curves):
        mine = np.flatnonzero(folio.curve[:, 0] == row)
        part = hazard[:, folio.point[mine]]
        ratio = np.interp(part.data.astype(float), curve.x, curve.mean)
        loss = type(part)((ratio, part.indices, part.indptr), shape=part.shape)
        total += loss @ folio.value[mine, 0]
    return total


def climada(happened: Events, folio: Portfolio, curves: list[Curve]) -> list[tuple[str, Measured]]:
    """Return what CLIMADA takes, where somebody has installed it beside this program."""
    if importlib.util.find_spec("climada") is None:
        print("CLIMADA is not installed here: not measured")
        return []
    warnings.simplefilter("ignore")
    import geopandas
    from climada.engine import ImpactCalc
    from climada.entity import Exposures, ImpactFunc, ImpactFuncSet
    from climada.hazard import Centroids, Hazard
    from scipy.sparse import csr_matrix

    place, many = happened.head.place, happened.start.size - 1
    hazard = Hazard(
        "TC",
        centroids=Centroids(lat=place[:, 1], lon=place[:, 0]),
        event_id=np.arange(1, many + 1),
        frequency=happened.head.rate,
        intensity=csr_matrix(
            (happened.intensity.astype(float), happened.point, happened.start),
            shape=(many, len(place)),
        ),
        units="m/s",
    )
    frame = geopandas.GeoDataFrame(
        {"value": folio.value[:, 0], "impf_TC": folio.curve[:, 0] + 1, "centr_TC": folio.point},
        geometry=geopandas.points_from_xy(place[:, 0], place[:, 1]),
        crs=4326,
    )
    functions = ImpactFuncSet(
        [ImpactFunc("TC", i + 1, c.x, c.mean, np.ones(KNOTS)) for i, c in enumerate(curves)]
    )
    calc = ImpactCalc(Exposures(frame), functions, hazard)
    took = measure(lambda: calc.impact(save_mat=False, assign_centroids=False).at_event, repeat=2)
    return [("CLIMADA", took)]


def times(one: Measured, fast: Measured) -> str:
    """Say how much longer a peer takes."""
    return f"{one.cpu_s / fast.cpu_s:.1f} times the kernel"


def worst(loss: Any, other: Any) -> float:
    """Return the largest relative difference."""
    return float(np.max(np.abs(loss - other) / np.maximum(np.abs(other), 1.0)))


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:4]))
