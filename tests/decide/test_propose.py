from dataclasses import replace

import numpy as np

from rencheng.adapters.rules import load_rules
from rencheng.adapters.words import catalogue
from rencheng.decide import decide
from rencheng.domain.proposal import ProposalKind
from tiny_impact import ORIGIN, make_bulletin, make_impact, make_state

RULES = load_rules()


def hit():
    impact = make_impact(deaths=12, hurt=30, displaced=60, lifelines={"SUB-1": 3}, water=0.5)
    return replace(impact, tsunami=replace(impact.tsunami, is_possible=True))


def test_an_ordinary_day_proposes_nothing(tiny_city):
    found = decide(tiny_city, make_state(), None, None, RULES, at=ORIGIN)
    assert (found.drafts, found.repairs, found.needs) == ((), (), ())


def test_a_quake_without_damage_proposes_no_patients_repairs_or_supplies(tiny_city):
    found = decide(tiny_city, make_state(), make_impact(), make_bulletin(5.0), RULES, at=ORIGIN)
    assert found.drafts == ()


def test_a_disaster_gets_one_draft_of_each_kind(tiny_city):
    found = decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN)
    assert [draft.kind for draft in found.drafts] == [
        ProposalKind.RESPONSE_LEVEL, ProposalKind.EVACUATION, ProposalKind.MEDICAL,
        ProposalKind.REPAIR, ProposalKind.SUPPLIES,
    ]  # fmt: skip


def test_only_the_evacuation_needs_a_second_person(tiny_city):
    drafts = decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN).drafts
    assert [d.kind for d in drafts if d.is_dangerous] == [ProposalKind.EVACUATION]


def test_the_same_input_gives_the_same_content_and_cause(tiny_city):
    first, second = (
        decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN) for _ in "ab"
    )
    assert [(d.cause, d.details["content"]) for d in first.drafts] == [
        (d.cause, d.details["content"]) for d in second.drafts
    ]


def test_every_sentence_and_figure_has_words(tiny_city):
    for draft in decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN).drafts:
        texts = [draft.title, *draft.reasons, *draft.why.notes, *(a.text for a in draft.actions)]
        figures = [f"figure.{f.key}" for f in draft.effect_with + draft.effect_without]
        assert {*(text.key for text in texts), *figures} - catalogue().keys() == set()
        for text in texts:
            assert catalogue()[text.key]["zh"].format(**text.params)
            assert catalogue()[text.key]["en"].format(**text.params)


def test_every_draft_says_what_fired_it(tiny_city):
    for draft in decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN).drafts:
        assert draft.why.version == RULES.version
        assert draft.why.origin == "synthetic"


def test_details_hold_plain_values_only(tiny_city):
    for draft in decide(tiny_city, make_state(), hit(), make_bulletin(), RULES, at=ORIGIN).drafts:
        for value in draft.details.values():
            assert isinstance(value, str | int | float)
            assert not (isinstance(value, float) and np.isnan(value))


def test_a_corrected_origin_time_is_still_the_same_event(tiny_city):
    later = replace(hit(), origin_time=ORIGIN.replace(second=40))
    first, second = (
        decide(tiny_city, make_state(), impact, make_bulletin(), RULES, at=ORIGIN)
        for impact in (hit(), later)
    )
    assert [d.cause for d in first.drafts] == [d.cause for d in second.drafts]
