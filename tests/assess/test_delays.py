from assess_kit import after, empty_records, make_records
from rencheng.adapters.words import catalogue
from rencheng.assess.delays import delays
from tiny_impact import ORIGIN


def minutes(records):
    return {figure.key: figure.band.p50 for figure in delays(records, at=ORIGIN)}


def test_delays_are_differences_of_recorded_times():
    assert minutes(make_records()) == {
        "delay_sensing": 1, "delay_detection": 2, "delay_warning": 15, "delay_decision": 10,
        "delay_action": 8, "delay_done": 48,
    }  # fmt: skip


def test_what_has_not_happened_is_unknown_not_zero():
    assert not any(f.band.is_known for f in delays(empty_records(), at=ORIGIN))


def test_a_decision_before_the_alarm_is_no_negative_delay():
    figures = delays(make_records(first_alarm=after(30)), at=ORIGIN)
    decision = next(f for f in figures if f.key == "delay_decision")
    assert not decision.band.is_known
    assert decision.why.notes[0].key == "assess.delay.out_of_order"


def test_every_delay_has_words_and_says_since_when_it_is_known():
    for figure in delays(make_records(), at=ORIGIN):
        assert f"figure.{figure.key}" in catalogue()
        assert figure.why.as_of > ORIGIN
