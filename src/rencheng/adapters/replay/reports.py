"""Synthetic reports of damaged buildings: residents at first, surveyors in the days after.

Both come from the hidden truth of the scenario and are labelled `synthetic`.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.random import Generator

from rencheng.adapters.replay.driver import Item
from rencheng.adapters.replay.scenarios import ScenarioFile
from rencheng.domain.city import City
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import Damage, DamageState, FragilityTable
from rencheng.domain.provenance import Origin
from rencheng.model.learning.survey import synthetic_survey

# Metres in a degree of latitude, and how far off a resident's place may be. Assumed.
_METRES = 111_000.0
_RESIDENT_ERROR_M = 40.0
_ORDER = {"residents": 1, "survey": 2}


def residents_reports(city: City, file: ScenarioFile, damage: Damage) -> list[Item]:
    """Return what residents report: a place and their guess, mostly where damage can be seen.

    Notes
    -----
    A resident reports in proportion to the damage state and is one state off in a third of the
    cases (assumed). The building is not named, so these reports do not teach the fragilities.
    """
    settings = file.sections["reports"]
    rng = np.random.default_rng([file.seed, _ORDER["residents"]])
    state = true_states(damage)
    chosen = _choose(rng, state.astype(float), int(settings["residents"]))
    items = []
    for number, building in enumerate(chosen):
        guess = int(np.clip(state[building] + rng.choice((-1, 0, 0, 0, 0, 1)), 1, 4))
        second = rng.uniform(settings["residents_from_s"], settings["residents_to_s"])
        east, north = rng.normal(0.0, _RESIDENT_ERROR_M / _METRES, 2)
        x, y = city.buildings.xy[building]
        place = (float(x + east / np.cos(np.deg2rad(y))), float(y + north))
        items.append(_item(file, f"resident-{number}", second, place, guess, "residents"))
    return items


def survey_reports(
    city: City, file: ScenarioFile, shaking: Shaking, table: FragilityTable
) -> list[Item]:
    """Return the survey of days 1 to 3: named buildings, drawn at random, undamaged ones too.

    Notes
    -----
    Drawing does not depend on the damage, so the survey is a fair sample; nobody errs. The true
    factors on the fragilities stand in the scenario and are seen by nobody else.
    """
    settings = file.sections["survey"]
    drawn = synthetic_survey(
        city,
        table,
        true_factors(file),
        {"PGA": shaking.pga_g[0], "SA1": shaking.sa1_g[0]},
        seed=int(settings["seed"]),
        count=int(settings["reports"]),
    )
    rng = np.random.default_rng([int(settings["seed"]), _ORDER["survey"]])
    seconds = np.sort(rng.uniform(settings["from_s"], settings["to_s"], len(drawn)))
    items = []
    for number, ((building, state), second) in enumerate(zip(drawn, seconds, strict=True)):
        x, y = (float(v) for v in city.buildings.xy[building])
        item = _item(file, f"survey-{number}", float(second), (x, y), int(state), "survey")
        items.append(Item(item.at, item.kind, {**item.body, "building": int(building)}))
    return items


def true_factors(file: ScenarioFile) -> dict[str, tuple[float, float]]:
    """Return the hidden factors on median and beta, by structural type; `all` for the others."""
    factors = {"all": (float(file.sections["streams"]["median_factor"]), 1.0)}
    for kind, (median, beta) in file.sections["survey"].get("factors", {}).items():
        factors[kind] = (float(median), float(beta))
    return factors


def true_states(damage: Damage) -> np.ndarray:
    """Return the state of every building in a damage of one sample."""
    states: np.ndarray = np.argmax(damage.building_state, axis=1)
    return states


def _choose(rng: Generator, weight: np.ndarray, count: int) -> np.ndarray:
    able = int((weight > 0).sum())
    if not able:
        return np.empty(0, dtype=int)
    share = weight / weight.sum()
    return np.asarray(rng.choice(weight.size, min(count, able), replace=False, p=share), dtype=int)


def _item(
    file: ScenarioFile,
    name: str,
    second: float,
    place: tuple[float, float],
    state: int,
    reporter: str,
) -> Item:
    time = file.scenario.origin + timedelta(seconds=second)
    body = {
        "id": f"{file.scenario.id}-{name}",
        "building": None,
        "xy": place,
        "state": int(DamageState(state)),
        "reporter": reporter,
        "reported": time.isoformat(),
        "origin": Origin.SYNTHETIC.value,
    }
    return Item(time + timedelta(seconds=1), "report", body)
