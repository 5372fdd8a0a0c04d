"""Fields of shaking: correlation, records, refusals, and the real event."""

import numpy as np
import pytest
from events import COQUIMBO, ILLAPEL, LA_SERENA, bulletin, record

from rencheng.domain.errors import InvalidInputError
from rencheng.model.hazards.earthquake.ground_motion import PGA
from rencheng.model.hazards.earthquake.residuals import (
    PERIOD_CORRELATION,
    RANGE_PGA_KM,
    Residuals,
    condition,
    correlation,
    draw,
    factor,
    longer_period,
)
from rencheng.model.hazards.earthquake.shaking import cautions, shake

CITY = np.array(LA_SERENA) + np.linspace(0, 0.2, 9)[:, None] * np.array([1.0, 0.5])
FAR = np.array([[-71.0, -25.0]])


def spread(a: np.ndarray) -> np.ndarray:
    return np.log(a).std(axis=0)


def test_a_record_is_reproduced_at_its_station() -> None:
    s = shake(ILLAPEL, CITY, [record("A", tuple(CITY[2]), 0.31)], samples=50, seed=4)
    assert s.pga_g[:, 2] == pytest.approx(0.31, rel=1e-3)
    assert s.stations_used == ("A",)


def test_far_from_the_record_only_the_event_term_is_known_better() -> None:
    matrix = correlation(np.concatenate([CITY[:1], FAR]), RANGE_PGA_KM)
    free = draw(40_000, factor(matrix), np.random.default_rng(1))
    tied = condition(free, matrix, np.full((40_000, 1), 1.0))
    var, total = PGA.tau**2, PGA.tau**2 + PGA.phi**2
    assert tied.within[:, 1].std() == pytest.approx(1.0, abs=0.02)
    assert tied.within[:, 1].mean() == pytest.approx(0.0, abs=0.02)
    assert PGA.tau * tied.between.mean() == pytest.approx(var / total, abs=0.01)
    assert tied.between.std() == pytest.approx(np.sqrt(1 - var / total), abs=0.02)


def test_conditioning_agrees_with_the_dense_normal_formula() -> None:
    points = np.concatenate([CITY[:3], CITY[3:5] + 0.03])
    matrix = correlation(points, RANGE_PGA_KM)
    seen = np.array([0.4, -0.2, 0.9])
    free = draw(60_000, factor(matrix), np.random.default_rng(7))
    tied = condition(free, matrix, np.tile(seen, (60_000, 1)))
    drawn = PGA.tau * tied.between[:, None] + PGA.phi * tied.within[:, 3:]
    cov = PGA.tau**2 + PGA.phi**2 * matrix
    gain = cov[3:, :3] @ np.linalg.inv(cov[:3, :3])
    assert drawn.mean(axis=0) == pytest.approx(gain @ seen, abs=0.01)
    expected = cov[3:, 3:] - gain @ cov[:3, 3:]
    assert np.cov(drawn.T) == pytest.approx(expected, abs=0.01)


def test_drawn_fields_have_the_published_correlation() -> None:
    matrix = correlation(CITY, RANGE_PGA_KM)
    free = draw(20_000, factor(matrix), np.random.default_rng(2))
    assert np.abs(np.corrcoef(free.within.T) - matrix).max() < 0.05


def test_periods_share_their_residuals_as_published() -> None:
    half = factor(correlation(CITY, RANGE_PGA_KM))
    rng = np.random.default_rng(3)
    pga = draw(20_000, half, rng)
    sa1 = longer_period(pga, draw(20_000, half, rng))
    found = np.corrcoef(pga.within[:, 0], sa1.within[:, 0])[0, 1]
    assert found == pytest.approx(PERIOD_CORRELATION, abs=0.05)
    # Baker and Jayaram (2008), figure 3: about one half between PGA and 1 s.
    assert pytest.approx(0.52, abs=0.01) == PERIOD_CORRELATION


def test_more_records_never_widen_the_city() -> None:
    records = [record(str(i), tuple(CITY[i]), 0.2) for i in (0, 4, 8)]
    bands = [
        spread(shake(ILLAPEL, CITY, records[:n], samples=3000, seed=9).pga_g) for n in range(4)
    ]
    for fewer, more in zip(bands, bands[1:], strict=False):
        assert (more <= fewer + 0.03).all()
    assert bands[3][[0, 4, 8]].max() < 0.01


def test_two_stations_at_one_place_do_not_break_the_solve() -> None:
    twins = [record("A", LA_SERENA, 0.2), record("B", LA_SERENA, 0.3)]
    s = shake(ILLAPEL, np.array([LA_SERENA, COQUIMBO]), twins, samples=500, seed=1)
    assert np.median(s.pga_g[:, 0]) == pytest.approx(np.sqrt(0.2 * 0.3), rel=0.02)
    assert np.isfinite(s.pga_g).all()


def test_no_record_leaves_the_free_draw() -> None:
    free = Residuals(np.zeros(3), np.ones((3, 2)))
    assert condition(free, np.eye(2), np.empty((3, 0))) is free


@pytest.mark.parametrize("value", [float("nan"), 0.0, -0.1, float("inf")])
def test_an_unknown_record_is_refused_and_named(value: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        shake(ILLAPEL, CITY, [record("A", LA_SERENA, value)], samples=5, seed=1)
    assert [f.where for f in caught.value.faults] == ["A"]


def test_a_site_without_place_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 of 2 sites"):
        shake(ILLAPEL, np.array([LA_SERENA, (np.nan, 0.0)]), [], samples=5, seed=1)


def test_the_same_seed_gives_the_same_field_and_another_seed_another() -> None:
    a, b, c = (shake(ILLAPEL, CITY, [], samples=20, seed=s).pga_g for s in (1, 1, 2))
    assert (a == b).all()
    assert not (a == c).all()


def test_the_two_published_records_of_2015_lie_in_the_forecast_band() -> None:
    # Barrientos (2015), technical report of the Chilean seismological centre: about 0.80 g at
    # Monte Patria, about 0.30 g at CO03 (places of both stations from memory).
    places = np.array([(-70.957, -30.695), (-70.689, -30.839)])
    s = shake(ILLAPEL, places, [], samples=4000, seed=1)
    low, high = np.quantile(s.pga_g, (0.05, 0.95), axis=0)
    assert (low < (0.80, 0.30)).all() and (high > (0.80, 0.30)).all()


def test_what_is_missing_is_said() -> None:
    s = shake(ILLAPEL, CITY, [], samples=20, seed=1)
    keys = [t.key for t in cautions(ILLAPEL, s)]
    assert keys == ["model.caution.vs30", "model.caution.no_records"]
    deep = bulletin(depth_km=110.0, magnitude=9.2)
    far = shake(deep, np.array([[-71.0, -20.0]]), [], samples=20, seed=1)
    assert {t.key.rpartition(".")[2] for t in cautions(deep, far)} == {
        "vs30", "no_records", "magnitude", "distance", "depth",
    }  # fmt: skip
