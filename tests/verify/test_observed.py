"""Observed earthquakes against the rapid model, as `make verify` judges them."""

from __future__ import annotations

import numpy as np
import pytest
from observed import FACTOR, MANY, Event, events


def test_events_are_chosen_by_exposure_or_country_alone() -> None:
    every = events()
    assert len(every) == 68
    assert all(one.exposed[3:].sum() >= MANY or one.country == "CL" for one in every)


def test_great_disasters_of_the_fit_come_out_again() -> None:
    known = {one.name: one for one in events()}
    for name in ("1976 Tangshan", "1976 Guatemala", "1995 Kobe", "2005 Kashmir"):
        assert known[name].expected == pytest.approx(known[name].dead, rel=0.12)


def test_a_factor_counts_whole_people() -> None:
    nobody = Event(name="a", country="CL", exposed=np.zeros(5), dead=0.0)
    assert nobody.factor == 1.0
    assert Event(name="b", country="CL", exposed=np.zeros(5), dead=30.0).factor > FACTOR
