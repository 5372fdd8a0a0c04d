from dataclasses import replace

import numpy as np

from learning_kit import make_table, make_town
from rencheng.model.learning import synthetic_survey


def draw(intensity, truth=None, **more):
    fields = {"PGA": np.full(40, intensity), "SA1": np.full(40, intensity)}
    options = {"seed": 1, "count": 2000} | more
    return synthetic_survey(make_town(), make_table(), truth or {}, fields, **options)


def test_each_building_is_surveyed_once_and_the_seed_decides():
    found = draw(0.3)
    assert len({building for building, _ in found}) == len(found) == 2000
    assert found == draw(0.3)
    assert found != draw(0.3, seed=2)


def test_no_shaking_no_damage_and_strong_shaking_destroys():
    assert {state for _, state in draw(1e-4)} == {0}
    assert {state for _, state in draw(50.0)} == {4}


def test_shares_follow_the_curves():
    states = np.array([s for b, s in draw(0.3) if make_town().buildings.curve[b] == 0])
    from scipy.special import ndtr

    expected = ndtr(np.log(0.3 / 0.23) / 0.4)
    assert abs((states >= 2).mean() - expected) < 4 * np.sqrt(
        expected * (1 - expected) / states.size
    )


def test_a_weaker_hidden_truth_means_more_damage():
    assert np.mean([s for _, s in draw(0.3, {"all": (0.6, 1.0)})]) > np.mean(
        [s for _, s in draw(0.3)]
    )


def test_buildings_without_a_curve_are_not_surveyed():
    table = make_table()
    short = replace(
        table, id=table.id[:1], intensity=("PGA",), median_g=table.median_g[:1], beta=table.beta[:1]
    )
    fields = {"PGA": np.full(40, 0.3), "SA1": np.full(40, 0.3)}
    found = synthetic_survey(make_town(), short, {}, fields, seed=1, count=10**6)
    assert {int(make_town().buildings.curve[b]) for b, _ in found} == {0}
