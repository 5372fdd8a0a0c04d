"""Scores of rules: shares with their base, unknown without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.assess.verification import verify, wilson
from rencheng.domain.alarm import Judgement, RuleVerdict
from rencheng.domain.provenance import Mode

T0 = datetime(2015, 9, 16, tzinfo=UTC)


def line(judgement: Judgement, rule: str = "tide", lead: float | None = None) -> RuleVerdict:
    return RuleVerdict(
        id=f"{rule}-{judgement}", rule=rule, rule_version="1", object="sea", judgement=judgement,
        subject="a", raised=T0, occurred=None if lead is None else T0 + timedelta(minutes=lead),
        reason="r", by="duty", at=T0, mode=Mode.LIVE, run="live",
    )  # fmt: skip


HIT, FALSE, MISS = Judgement.HIT, Judgement.FALSE, Judgement.MISS


def test_shares_are_those_of_the_contingency_table() -> None:
    ledger = [line(HIT)] * 6 + [line(FALSE)] * 2 + [line(MISS)] * 4
    every, tide = verify(ledger)
    assert (every.rule, tide.rule) == ("", "tide")
    assert tide.pod.p50 == pytest.approx(0.6)
    assert tide.far.p50 == pytest.approx(0.25)


def test_a_share_without_a_base_is_unknown_and_not_zero() -> None:
    _, tide = verify([line(MISS)])
    assert (tide.pod.p50, isnan(tide.far.p50), tide.leads) == (0.0, True, 0)
    assert isnan(tide.lead_min.p50)
    assert verify([]) == ()


def test_the_lead_time_counts_hits_with_a_time_only_and_may_be_negative() -> None:
    leads = (-10.0, 20.0, 30.0, None)
    _, tide = verify([line(HIT, lead=minutes) for minutes in leads] + [line(MISS, lead=5)])
    assert (tide.leads, tide.lead_min.p50) == (3, 20.0)


def test_rules_are_scored_apart_and_together() -> None:
    scores = verify([line(HIT, "a"), line(FALSE, "b")])
    assert [(one.rule, one.hits, one.false) for one in scores] == [
        ("", 1, 1), ("a", 1, 0), ("b", 0, 1),
    ]  # fmt: skip


def test_the_interval_is_wilsons() -> None:
    # Wilson 1927 by hand: 8 of 10 at z = 1.6449.
    band = wilson(8, 10)
    assert (band.p05, band.p95) == (
        pytest.approx(0.5408, abs=1e-3),
        pytest.approx(0.9314, abs=1e-3),
    )


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_band_holds_its_share_and_stays_a_share(part: int, more: int) -> None:
    band = wilson(part, part + more)
    assert 0 <= band.p05 <= band.p50 <= band.p95 <= 1
