"""Which response level to propose, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import floor, isfinite

import numpy as np

from rencheng.decide.evidence import PERSON, about, cause, figure, why
from rencheng.decide.travel import straight_m
from rencheng.domain.alarm import Level
from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import Impact
from rencheng.domain.proposal import Action, Draft, ProposalKind
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text, Why
from rencheng.domain.rules import CriterionKind, LevelCriterion, ResponseRules, Rules, RuleStatus

MODEL = "decide.response"
_LAYERS = ("zones", "population", "buildings")
_ROMAN = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}


@dataclass(frozen=True, slots=True)
class _Setting:
    """The event as the rules see it."""

    magnitude: float
    distance_km: float
    density_km2: float
    reach_km: float


def response_level(
    city: City,
    impact: Impact | None,
    bulletin: Bulletin | None,
    rules: Rules,
    *,
    at: datetime,
    verified_deaths: float = float("nan"),
) -> Draft | None:
    """Propose a response level; None when no criterion of the rules is met.

    Parameters
    ----------
    verified_deaths
        Dead and missing that people have counted; NaN: not counted yet.

    Notes
    -----
    The national plan lets magnitude and density give an initial level, superseded by counts. The
    median of the modelled deaths may raise it; it lowers it only where the office has said so in
    its rules (`modelled_may_lower`), because a model's word is not a count. The worst criterion
    wins; lower bounds are included, upper bounds excluded. Nothing is activated here.
    """
    response = rules.response
    setting = _setting(city, bulletin, response)
    deaths = _deaths(impact)
    initial = _initial(setting, response)
    modelled = _worst(response, CriterionKind.DEATHS, deaths.p50)
    verified = _worst(response, CriterionKind.DEATHS, verified_deaths)
    if isfinite(verified_deaths) or (response.modelled_may_lower and deaths.is_known):
        initial_counts = False
    else:
        initial_counts = True
    candidates = [c for c in (initial if initial_counts else None, modelled, verified) if c]
    if not candidates:
        return None
    chosen = min(candidates, key=lambda c: c.level)
    reasons = [
        *_initial_reasons(setting, initial, is_superseded=not initial_counts),
        *_count_reasons(deaths, modelled, verified_deaths, verified),
        *_rule_reasons(chosen, response),
    ]
    if initial_counts and initial and modelled and modelled.level > initial.level:
        reasons.append(Text("decide.level.not_lowered", {"level": _ROMAN[modelled.level]}))
    because = why(
        city, _LAYERS, model=MODEL, version=rules.version, as_of=at,
        missing=() if impact else ("impact",),
    )  # fmt: skip
    return Draft(
        kind=ProposalKind.RESPONSE_LEVEL,
        cause=cause("response_level", impact, bulletin),
        title=Text("decide.level.title", {"level": _ROMAN[chosen.level]}),
        reasons=tuple(reasons),
        effect_with=tuple(figure(f.key, UNKNOWN, f.unit, f.why) for f in _toll(impact, because)),
        effect_without=_toll(impact, because),
        actions=(_command(city, chosen.level),),
        details=_details(chosen.level, initial, modelled, verified, setting) | _rounded(deaths),
        why=because,
    )


def _setting(city: City, bulletin: Bulletin | None, rules: ResponseRules) -> _Setting:
    area_km2 = float(np.nansum(city.zones.area_m2)) / 1e6
    density = float(np.nansum(city.zones.population)) / area_km2 if area_km2 > 0 else float("nan")
    if bulletin is None or not isfinite(bulletin.magnitude):
        return _Setting(float("nan"), float("nan"), density, float("nan"))
    source = np.array([[bulletin.lon, bulletin.lat]])
    distance = float(straight_m(source, city.zones.centre).min()) / 1000
    reach = [km for magnitude, km in rules.reach_km if magnitude <= bulletin.magnitude]
    return _Setting(bulletin.magnitude, distance, density, max(reach, default=0.0))


def _deaths(impact: Impact | None) -> Band:
    return Band.of(impact.people.injured[:, :, 3].sum(axis=1)) if impact else UNKNOWN


def _worst(rules: ResponseRules, kind: CriterionKind, value: float) -> LevelCriterion | None:
    """Return the highest level whose half-open range holds the value; NaN meets none."""
    met = [c for c in rules.criteria if c.kind is kind and c.low <= value < c.high]
    return min(met, key=lambda c: c.level, default=None)


def _initial(setting: _Setting, rules: ResponseRules) -> LevelCriterion | None:
    concerns = setting.distance_km <= setting.reach_km
    if not concerns or not setting.density_km2 >= rules.sparse_per_km2:
        return None
    fairly = _worst(rules, CriterionKind.MAGNITUDE, setting.magnitude)
    if setting.density_km2 <= rules.dense_per_km2:
        return fairly
    dense = _worst(rules, CriterionKind.MAGNITUDE_DENSE, setting.magnitude)
    return min((c for c in (fairly, dense) if c), key=lambda c: c.level, default=None)


def _initial_reasons(
    setting: _Setting, initial: LevelCriterion | None, *, is_superseded: bool
) -> list[Text]:
    if not isfinite(setting.magnitude):
        return [Text("decide.level.no_magnitude")]
    facts = {
        "magnitude": setting.magnitude,
        "distance_km": setting.distance_km,
        "density": setting.density_km2,
    }
    if initial is None:
        return [Text("decide.level.initial_none", {**facts, "reach_km": setting.reach_km})]
    reasons = [Text("decide.level.initial", {**facts, "level": _ROMAN[initial.level]})]
    return [*reasons, Text("decide.level.superseded")] if is_superseded else reasons


def _count_reasons(
    deaths: Band, modelled: LevelCriterion | None, counted: float, verified: LevelCriterion | None
) -> list[Text]:
    reasons = [Text("decide.level.deaths_unknown")]
    if deaths.is_known:
        facts = {"p05": deaths.p05, "p50": deaths.p50, "p95": deaths.p95}
        reasons = [
            Text("decide.level.modelled", {**facts, "level": _ROMAN[modelled.level]})
            if modelled
            else Text("decide.level.modelled_none", facts)
        ]
    if isfinite(counted):
        level = _ROMAN[verified.level] if verified else "–"
        reasons.append(Text("decide.level.verified", {"deaths": counted, "level": level}))
    return reasons


def _rule_reasons(chosen: LevelCriterion, rules: ResponseRules) -> list[Text]:
    source = {"source": chosen.source}
    is_official = chosen.status is RuleStatus.OFFICIAL
    return [
        Text("decide.level.rule", source)
        if is_official
        else Text("decide.level.rule_unverified", source),
        Text("decide.level.jurisdiction_cn")
        if rules.pack.jurisdiction == "CN"
        else Text("decide.level.jurisdiction", {"jurisdiction": rules.pack.jurisdiction}),
    ]


def _toll(impact: Impact | None, because: Why) -> tuple[Figure, ...]:
    """Consequences that the model expects whatever is decided, as the base of comparison."""
    if impact is None:
        bands = {
            "expected_dead": UNKNOWN,
            "expected_injured": UNKNOWN,
            "expected_displaced": UNKNOWN,
        }
    else:
        people = impact.people
        bands = {
            "expected_dead": _deaths(impact),
            "expected_injured": Band.of(people.injured[:, :, :3].sum(axis=(1, 2))),
            "expected_displaced": Band.of(people.displaced.sum(axis=1)),
        }
    return tuple(figure(key, band, PERSON, because) for key, band in bands.items())


def _command(city: City, level: Level) -> Action:
    """Tell every member unit, from the command centre if there is one."""
    rows = [i for i, kind in enumerate(city.facilities.kind) if kind == "command_centre"]
    west, south, east, north = city.bbox
    xy = ((west + east) / 2, (south + north) / 2)
    if rows:
        xy = (float(city.facilities.xy[rows[0], 0]), float(city.facilities.xy[rows[0], 1]))
    return Action(
        kind="inform",
        duty="command",
        text=Text("decide.level.action", {"level": _ROMAN[level]}),
        place=city.facilities.id[rows[0]] if rows else "",
        xy=xy,
        zone=-1,
        due_h=0.5,
    )


def _details(
    level: Level,
    initial: LevelCriterion | None,
    modelled: LevelCriterion | None,
    verified: LevelCriterion | None,
    setting: _Setting,
) -> dict[str, str | int | float]:
    parts = {
        "level": int(level),
        "level_initial": int(initial.level) if initial else 0,
        "level_modelled": int(modelled.level) if modelled else 0,
        "level_verified": int(verified.level) if verified else 0,
    }
    facts: dict[str, str | int | float] = {
        **parts,
        "content": " ".join(f"{key}={value}" for key, value in parts.items()),
    }
    if isfinite(setting.magnitude):
        # in words, because a tenth of a magnitude is no small drift: its scale is logarithmic
        facts["content"] = f"{facts['content']} magnitude={setting.magnitude:.1f}"
        facts["magnitude"] = setting.magnitude
        facts["distance_km"] = floor(setting.distance_km)
    return facts


def _rounded(deaths: Band) -> dict[str, str | int | float]:
    return {"deaths_p50": about(deaths.p50)} if deaths.is_known else {}
