"""What an alarm of a rule says: which value, of what, beyond which limit."""

from __future__ import annotations

from rencheng.domain.city import City
from rencheng.domain.provenance import Text
from rencheng.domain.watch import Condition, Measure, Speaks, WatchRule
from rencheng.sense.rules.compiled import tallies_of
from rencheng.service.rule_memory import RunRules

Params = dict[str, str | int | float]
_OF_FIGURES = {
    "shaking": "alarm.strong_shaking",
    "tide": "alarm.tide_anomaly",
    "power_out": "alarm.power_outage",
    "water_out": "alarm.pressure_loss",
    "free_beds": "alarm.hospital_full",
    "silent": "alarm.vital_silent",
    "stuck": "alarm.sensor_stuck",
}
"""Sentence of each figure of the state."""


def sentence(held: RunRules, slot: int, step: int, cell: int, x: float) -> Text:
    """Return what the alarm of a slot says, after the cell that made it with its value."""
    city, rules, state = held.city, held.compiled, held.state
    rule, about = rules.about(slot)
    tallies = [n for n in tallies_of(rules, slot) if rules.tallies["step"][n] == step]
    if rules.cells["tally"][cell] not in tallies and tallies:
        # The level fell to this step: it is told by what still holds it.
        first, size = (int(rules.tallies[key][tallies[0]]) for key in ("first", "size"))
        own = range(first, first + size)
        cell = next((c for c in own if state.cells["on"][c]), first)
        x = float(state.cells["x"][cell])
    number = int(rules.cells["condition"][cell])
    flat = [one for each in rule.steps for one in each.conditions]
    offset = int(rules.tallies["condition"][int(rules.slot_first[slot])])
    condition = flat[number - offset]
    stream = rules.streams[int(rules.cells["stream"][cell])]
    params: Params = {**about_rule(city, rule, about), **about_condition(condition)}
    params |= {"name": stream.name, "value": x, "unit": stream.unit, "stream": stream.id}
    tally = int(rules.cells["tally"][cell])
    count, all_ = int(state.tallies["on"][tally]), int(rules.tallies["size"][tally])
    said = held.said.get(stream.id)
    if said is not None and said.params and all_ == 1:
        return Text(
            _OF_FIGURES[condition.select.figure], {"object": about, "value": x, **said.params}
        )
    if condition.measure is Measure.SILENCE and all_ == 1:
        return Text("alarm.watch.silence", params | {"value": x / 60.0})
    if rule.speaks is not Speaks.STREAM and all_ > 1:
        params |= {"count": count, "all": all_}
        if condition.measure is Measure.SILENCE:
            return Text("alarm.watch.many.silence", params | {"value": x / 60.0})
        return Text("alarm.watch.many", params)
    side = "below" if condition.is_below else "above"
    return Text(f"alarm.watch.{condition.measure}.{side}", params)


def about_rule(city: City, rule: WatchRule, about: str) -> Params:
    """Return what every sentence of a rule may name: its title and the place."""
    zh, en = place_of(city, about)
    return {
        "object": about,
        "title_zh": rule.title_zh,
        "title_en": rule.title_en,
        "place_zh": zh,
        "place_en": en,
    }


def about_condition(condition: Condition) -> Params:
    """Return what a sentence may name of a condition."""
    return {
        "threshold": condition.at,
        "hours": condition.window_s / 3600.0,
        "minus": condition.minus,
        "lasting": condition.lasting_s / 60.0,
    }


def place_of(city: City, about: str) -> tuple[str, str]:
    """Return the name of an object in Chinese and English."""
    kind, _, key = about.partition(":")
    if about == "city":
        english = city.name.get("en", city.id)
        return city.name.get("zh-CN", english), english
    if kind == "zone":
        for row, zone in enumerate(city.zones.id.tolist()):
            if str(zone) == key:
                return city.zones.name[row], city.zones.name[row]
    return (key, key) if kind == "district" else (about, about)
