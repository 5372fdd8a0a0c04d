"""Sentences: both languages, codes said by name, what people wrote left alone."""

from __future__ import annotations

from rencheng.adapters.files import PACKAGE, read_toml
from rencheng.adapters.words import both, catalogue, render
from rencheng.domain.provenance import Text


def test_a_code_is_said_by_its_name() -> None:
    zh, en = both(Text("log.proposal.made", {"kind": "evacuation", "cause": "x"}))
    assert "人员疏散" in zh
    assert "evacuation" in en
    assert "cause" not in en


def test_what_a_person_wrote_is_not_taken_for_a_code() -> None:
    text = Text("log.alert.cancelled", {"event": "tsunami", "reason": "power"})
    assert render(text, "zh-CN").endswith("power")


def test_a_repair_names_the_thing_not_its_id() -> None:
    text = Text("decide.repair.action", {"kind": "substation", "number": "1", "people": 19353.0})
    assert render(text, "zh-CN") == "核查并抢修变电站 1 号（影响 19,353 人）"
    assert render(text, "en") == "Inspect and repair substation 1 (19,353 people served)"


def test_an_account_keeps_its_name() -> None:
    text = Text("cli.serve.login", {"name": "power", "password": "water"})
    assert all(word in render(text, "zh-CN") for word in ("power", "water"))


def test_a_key_without_words_comes_back_as_itself() -> None:
    assert render(Text("no.such.key"), "en") == "no.such.key"


def test_sentences_are_those_that_toml_reads() -> None:
    whole: dict[str, dict[str, str]] = {}
    for file in (PACKAGE / "words").glob("*.toml"):
        whole |= read_toml(file)
    assert dict(catalogue()) == whole
