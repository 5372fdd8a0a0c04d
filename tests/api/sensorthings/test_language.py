"""The query language: what is read, what is refused and where, and what it means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.words import catalogue
from rencheng.api.problems import RefusedError
from rencheng.api.sensorthings.query.evaluate import reader_of
from rencheng.api.sensorthings.query.options import query_of
from rencheng.api.sensorthings.query.parser import expression_of
from rencheng.api.sensorthings.query.syntax import Path
from rencheng.api.sensorthings.query.values import Interval

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def value_of(text: str, **thing: Any) -> Any:
    """Evaluate over a dictionary; `a/b` looks into a dictionary in it."""

    def resolve(path: Path) -> Any:
        def read(one: Any) -> Any:
            for part in path.parts:
                one = one.get(part) if isinstance(one, dict) else None
            return one

        return read

    return reader_of(expression_of(text), resolve, NOW)(thing)


def refusal(text: str) -> Any:
    with pytest.raises(RefusedError) as caught:
        expression_of(text)
    assert caught.value.status_code == 400
    assert f"error.{caught.value.error.key}.problem" in catalogue()
    assert f"error.{caught.value.error.key}.hint" in catalogue()
    return caught.value.error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 add 2 mul 3", 7),
        ("(1 add 2) mul 3", 9),
        ("7 div 2", 3),
        ("-7 div 2", -3),
        ("-7 mod 2", -1),
        ("7 div 2.0", 3.5),
        ("1 div 0", None),
        ("1 eq 1 or 1 eq 2 and 1 eq 3", True),
        ("(1 eq 1 or 1 eq 2) and 1 eq 3", False),
        ("not 1 eq 2", True),
        ("not (1 eq 1) or true", True),
        ("'it''s' eq 'it''s'", True),
        ("'a' in ('b','a')", True),
        ("null eq null", True),
        ("1 gt null", None),
        ("null or true", True),
        ("null and true", None),
        ("substringof('ca','Locati') or contains('Locacations','ca')", True),
        ("substring('abcdef',2,3)", "cde"),
        ("indexof('abc','c') add length('abc')", 5),
        ("concat(toupper('a'),tolower('B'))", "Ab"),
        ("trim('  a ')", "a"),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("floor(-0.5) add ceiling(0.5)", 0),
        ("year(2015-02-03T04:05:06.5Z) add month(2015-02-03)", 2017),
        ("fractionalseconds(2015-02-03T04:05:06.5Z)", 0.5),
        ("date(2015-02-03T04:05:06Z) eq 2015-02-03", True),
        ("2015-02-03T00:00:00Z add duration'PT1H' gt 2015-02-03T00:59:00Z", True),
        ("2015-02-03T08:00:00+08:00 eq 2015-02-03T00:00:00Z", True),
        ("now() sub 2025-12-31T00:00:00Z", timedelta(days=1)),
        ("geo.distance(geography'POINT (0 3)', geography'POINT (4 0)')", 5.0),
        ("geo.length(geography'LINESTRING (0 0, 0 2)') eq 2", True),
        ("st_within(geography'POINT (1 1)', geography'POLYGON ((0 0,0 2,2 2,2 0,0 0))')", True),
        ("st_relate(geography'POINT (1 1)', geography'POINT (1 1)', 'T********')", True),
        ("6 gt '3'", True),
        ("10 gt '3'", False),
    ],
)
def test_operators_and_functions_say_what_the_standard_says(text: str, expected: Any) -> None:
    assert value_of(text) == expected


def test_paths_go_into_properties_and_ids_have_two_names() -> None:
    thing = {"properties": {"floor": {"level": 3}}, "@iot.id": "a"}
    assert value_of("properties/floor/level ge 3 and @iot.id eq 'a'", **thing) is True
    assert value_of("properties/none/level ge 3", **thing) is None


def test_an_interval_lies_before_after_or_across_a_time() -> None:
    stretch = Interval(datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC))
    assert value_of("t lt 2015-02-01T00:00:00Z", t=stretch) is True
    assert value_of("t lt 2015-01-15T00:00:00Z", t=stretch) is False
    assert value_of("t gt 2014-01-01T00:00:00Z/2015-01-01T00:00:00Z", t=stretch) is True
    assert value_of("t eq 2015-01-01T00:00:00Z/2015-02-01T00:00:00Z", t=stretch) is True
    assert value_of("date(t)", t=stretch) == date(2015, 1, 1)


@pytest.mark.parametrize(
    ("text", "position", "kind"),
    [
        ("result gt", 10, "expected_operand"),
        ("result 5", 8, "expected_operator"),
        ("(result gt 5", 13, "expected_close"),
        ("result gt 'open", 11, "mark"),
        ('name eq "a"', 9, "mark"),
        ("lengthy(name) gt 3", 1, "function"),
        ("length(name,1) gt 3", 1, "arguments"),
        ("t gt 2015-02-30T00:00:00Z", 6, "value"),
        ("st_within(location, geography'POINT (1')", 21, "value"),
        ("name in 'a'", 9, "expected_open"),
        ("(" * 60 + "1" + ")" * 60, 41, "deep"),
        ("1 eq " + "1" * 9000, 8001, "long"),
        ("and", 1, "expected_operand"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, position: int, kind: str) -> None:
    error = refusal(text)
    assert error.key == f"sta.query.{kind}"
    assert error.params["position"] == position


@pytest.mark.parametrize(
    "pair",
    [
        ("$top", "-1"), ("$top", "all"), ("$skip", "1.5"), ("$count", "yes"), ("$where", "1"),
        ("$expand", "Datastreams($top=x)"), ("$expand", "Datastreams($resultFormat=dataArray)"),
        ("$expand", "Datastreams($top=1"), ("$expand", "1"), ("$orderby", "name down"),
        ("$resultFormat", "csv"), ("$skipFilter", "x"), ("$expand", "A/B/C/D/E/F/G"),
    ],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        query_of([pair])
    assert caught.value.status_code == 400
    assert f"error.{caught.value.error.key}.problem" in catalogue()


def test_neighbours_have_options_of_their_own() -> None:
    query = query_of(
        [("$expand", "Datastreams/Observations($top=1;$filter=result eq 'a;b'),Locations")]
    )
    datastreams, locations = query.expand
    observations = datastreams.query.expand[0]
    assert (observations.relation, observations.query.top) == ("Observations", 1)
    assert locations.relation == "Locations"


def test_two_ways_through_one_neighbour_are_one() -> None:
    (one,) = query_of([("$expand", "Datastreams/Sensor,Datastreams/ObservedProperty")]).expand
    assert [e.relation for e in one.query.expand] == ["Sensor", "ObservedProperty"]


# Expressions made with their Python twin; both languages bind in the same order.
NUMBERS = st.one_of(
    st.integers(0, 9).map(lambda n: (str(n), str(n))), st.sampled_from([("a", "a"), ("b", "b")])
)
STRINGS = st.one_of(
    st.text("ab'", max_size=3).map(lambda s: ("'" + s.replace("'", "''") + "'", repr(s))),
    st.sampled_from([("s", "s"), ("properties/t", "properties['t']")]),
)


def joined(parts: st.SearchStrategy, operators: dict[str, str]) -> st.SearchStrategy:
    return st.tuples(parts, st.sampled_from(sorted(operators.items())), parts).map(
        lambda t: (f"{t[0][0]} {t[1][0]} {t[2][0]}", f"{t[0][1]} {t[1][1]} {t[2][1]}")
    )


def wrapped(parts: st.SearchStrategy) -> st.SearchStrategy:
    return parts.map(lambda p: (f"({p[0]})", f"({p[1]})"))


SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        joined(inner, {"add": "+", "sub": "-", "mul": "*"}),
        wrapped(inner),
        wrapped(STRINGS).map(lambda p: (f"length{p[0]}", f"len{p[1]}")),
    ),
    max_leaves=6,
)
COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
COMPARISONS = st.one_of(
    joined(SUMS, COMPARED),
    joined(STRINGS, COMPARED),
    st.tuples(STRINGS, STRINGS).map(
        lambda p: (f"contains({p[0][0]},{p[1][0]})", f"({p[1][1]} in {p[0][1]})")
    ),
    st.tuples(STRINGS, STRINGS).map(
        lambda p: (f"startswith({p[0][0]},{p[1][0]})", f"{p[0][1]}.startswith({p[1][1]})")
    ),
    st.tuples(NUMBERS, NUMBERS, NUMBERS).map(
        lambda p: (f"{p[0][0]} in ({p[1][0]},{p[2][0]})", f"({p[0][1]} in ({p[1][1]},{p[2][1]}))")
    ),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        joined(inner, {"and": "and", "or": "or"}),
        wrapped(inner),
        inner.map(lambda p: (f"not {p[0]}", f"not {p[1]}")),
    ),
    max_leaves=8,
)


@given(
    pair=CONDITIONS, a=st.integers(-9, 9), b=st.integers(-9, 9), s=st.text("ab'", max_size=3),
    t=st.text("ab'", max_size=3),
)  # fmt: skip
def test_a_filter_means_what_python_makes_of_it(
    pair: tuple[str, str], a: int, b: int, s: str, t: str
) -> None:
    thing = {"a": a, "b": b, "s": s, "properties": {"t": t}}
    text, python = pair
    assert value_of(text, **thing) is bool(eval(python, {"len": len}, thing))
