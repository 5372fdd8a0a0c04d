from dataclasses import replace

import numpy as np
import pytest

from learning_kit import (
    AT,
    make_fields,
    make_reports,
    make_shaking,
    make_table,
    make_town,
    survey_and_learn,
)
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.learning import ModelStatus
from rencheng.domain.provenance import Mode
from rencheng.model.learning import adjusted, learn, synthetic_survey

TRUTH = {"all": (0.75, 1.2)}


def survey(count, seed=0, truth=TRUTH):
    field = make_fields(seed + 1000, 1)[0]
    fields = {"PGA": field, "SA1": field}
    return synthetic_survey(make_town(), make_table(), truth, fields, seed=seed, count=count)


def learn_from(reports, seed=0):
    return learn(
        reports,
        make_town(),
        make_shaking(),
        make_table(),
        seed=seed,
        at=AT,
        mode=Mode.TEST,
        run="t",
    )


@pytest.mark.parametrize("seed", [1, 4])
def test_a_hidden_truth_lies_within_the_bands(seed):
    version = survey_and_learn(TRUTH, 400, seed)
    for adjustment in version.adjustments:
        assert adjustment.median_factor.p05 <= 0.75 <= adjustment.median_factor.p95
    shared = version.adjustments[0].beta_factor
    assert shared.p50 == pytest.approx(1.2, abs=0.12)


@pytest.mark.slow
def test_ninety_percent_bands_hold_the_truth_in_about_nine_of_ten_surveys():
    hits = [
        adjustment.median_factor.p05 <= 0.75 <= adjustment.median_factor.p95
        for seed in range(16)
        for adjustment in survey_and_learn(TRUTH, 300, seed).adjustments[1:]
    ]
    # Types of one survey share its shaking: 80 bands are worth about 16 independent ones.
    assert 0.78 <= np.mean(hits) <= 1.0


def test_scatter_of_the_shaking_is_not_taken_for_scatter_of_the_curves():
    mean_field = replace(
        make_shaking(), pga_g=np.tile(np.exp(np.log(make_fields(1)).mean(0)), (2, 1))
    )
    found = survey(400, seed=5, truth={"all": (1.0, 1.0)})
    naive = learn(
        make_reports(found), make_town(), mean_field, make_table(), seed=5, at=AT,
        mode=Mode.TEST, run="t",
    )  # fmt: skip
    wise = learn_from(make_reports(found), seed=5)
    assert naive.adjustments[0].beta_factor.p50 > 1.25
    assert abs(np.log(wise.adjustments[0].beta_factor.p50)) < 0.12


def test_more_reports_make_the_bands_narrower():
    def width(count):
        band = learn_from(make_reports(survey(count))).adjustments[0].beta_factor
        return np.log(band.p95 / band.p05)

    assert width(600) < 0.8 * width(60)


def test_no_skill_is_claimed_when_the_published_curves_are_true():
    gains = [
        (version.log_score_after - version.log_score_before)
        for version in (survey_and_learn({"all": (1.0, 1.0)}, 400, seed) for seed in range(3))
    ]
    assert np.mean(gains) < 0.01


def test_skill_is_gained_when_the_published_curves_are_wrong():
    versions = [survey_and_learn({"all": (0.6, 1.5)}, 400, seed) for seed in (2, 3)]
    assert np.mean([v.log_score_after - v.log_score_before for v in versions]) > 0
    assert np.mean([v.brier_after - v.brier_before for v in versions]) < 0


def test_reports_of_unknown_buildings_are_left_out_and_counted():
    known = survey(40)
    with_unknown = learn_from(make_reports(known, unknown=30))
    assert with_unknown.adjustments == learn_from(make_reports(known)).adjustments
    assert with_unknown.reports_used + with_unknown.reports_held_out == 40


def test_too_few_reports_teach_nothing_and_say_how_many_cannot_be_used():
    with pytest.raises(InvalidInputError) as caught:
        learn_from(make_reports(survey(10), unknown=50))
    assert (caught.value.params["usable"], caught.value.params["left_out"]) == (10, 50)


def test_the_same_reports_and_seed_give_the_same_version():
    reports = make_reports(survey(60))
    assert learn_from(reports) == learn_from(reports)


def test_nothing_is_replaced_without_approval():
    version = learn_from(make_reports(survey(60)))
    assert version.status is ModelStatus.PROPOSED
    with pytest.raises(ConflictError):
        adjusted(make_table(), version)


def test_an_approved_version_moves_buildings_and_leaves_lifelines():
    version = replace(learn_from(make_reports(survey(60))), status=ModelStatus.APPROVED)
    old, new = make_table(), adjusted(make_table(), version)
    by_group = {a.group: a for a in version.adjustments}
    assert new.median_g[0] == pytest.approx(old.median_g[0] * by_group["C1"].median_factor.p50)
    assert np.array_equal(new.median_g[5], old.median_g[5])
    assert new.version != old.version


def test_a_type_without_reports_takes_the_shared_factors():
    version = replace(learn_from(make_reports(survey(60))), status=ModelStatus.APPROVED)
    table = replace(make_table(), id=("LF.S1.L.MC", *make_table().id[1:]))
    moved = adjusted(table, version)
    shared = version.adjustments[0].median_factor.p50
    assert moved.median_g[0] == pytest.approx(table.median_g[0] * shared)


def test_a_version_of_another_table_is_refused():
    version = replace(learn_from(make_reports(survey(60))), status=ModelStatus.APPROVED)
    with pytest.raises(ConflictError):
        adjusted(replace(make_table(), version="other"), version)
