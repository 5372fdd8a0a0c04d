"""Random numbers by name: pure, normal, and nobody's follows from another's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from rencheng.model.risk.draws import common, normal_at, normals, starts, turns, uniforms

IDS = tuple(f"house {i}" for i in range(400))
EVENTS = tuple(f"quake {i}" for i in range(300))


def test_the_table_is_within_5e_6_of_the_normal_distribution_over_its_whole_range() -> None:
    # Every node and its inside: half-draws from ½ to 2³¹, of both signs.
    half = np.exp(np.linspace(np.log(0.5), np.log(2.0**31), 2_000_000)).astype(np.float32)
    z = normal_at(half).astype(np.float64)
    np.testing.assert_allclose(norm.sf(z), half / 2.0**32, rtol=0, atol=5e-6)
    assert (normal_at(-half) == -normal_at(half)).all()
    assert (np.diff(z) <= 0).all()


def test_a_number_hangs_on_seed_asset_and_realisation_alone() -> None:
    whole = normals(starts(7, IDS), turns(EVENTS, 3))
    mixed = normals(starts(7, IDS[::-1]), turns(EVENTS[5:9], 3))
    assert (mixed == whole.reshape(300, 3, 400)[5:9].reshape(12, 400)[:, ::-1]).all()
    assert (
        abs(np.corrcoef(whole.ravel(), normals(starts(8, IDS), turns(EVENTS, 3)).ravel())[0, 1])
        < 0.01
    )


def test_numbers_are_normal() -> None:
    z = normals(starts(1, IDS), turns(EVENTS, 1)).ravel()
    assert kstest(z, "norm").pvalue > 1e-3
    for draws in (z[:300], z[::400]):  # of one realisation, of one asset
        assert kstest(draws, "norm").pvalue > 1e-3


@pytest.mark.parametrize("names", [EVENTS, EVENTS[:1] * 1])
def test_realisations_and_assets_are_not_correlated(names: tuple[str, ...]) -> None:
    z = normals(starts(1, IDS), turns(names, 300 // len(names)))
    for rows in (z, z.T):
        found = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
        many = rows.shape[1]
        assert np.abs(found).max() < 6.0 / np.sqrt(many)
        assert found.mean() == pytest.approx(0.0, abs=6.0 / np.sqrt(found.size * many))
        assert found.std() == pytest.approx(1.0 / np.sqrt(many), rel=0.05)


def test_ids_that_count_up_give_numbers_that_do_not() -> None:
    z = normals(starts(0, [str(i) for i in range(20_000)]), turns(["e"], 1))[0]
    assert abs(np.corrcoef(z[1:], z[:-1])[0, 1]) < 0.04
    assert kstest(z, "norm").pvalue > 1e-3


def test_what_all_share_is_nobodys_own() -> None:
    turn = turns(EVENTS, 30)
    shared, own = normals(common(3), turn)[:, 0], normals(starts(3, ["", "a"]), turn)
    assert np.abs(np.corrcoef(shared, own.T)[0, 1:]).max() < 0.05


def test_uniform_numbers_are_those_behind_the_normal_ones() -> None:
    start, turn = starts(3, IDS), turns(EVENTS, 2)
    np.testing.assert_allclose(norm.cdf(normals(start, turn)), uniforms(start, turn), atol=6e-6)
