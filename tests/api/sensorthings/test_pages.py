"""Observations by the page: nothing twice and nothing lost while others arrive; columns as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.api.sensorthings.query.columns import UNSAID, filter_of
from rencheng.api.sensorthings.query.evaluate import reader_of
from rencheng.api.sensorthings.query.parser import expression_of
from rencheng.api.sensorthings.query.values import Interval
from rencheng.domain.readings import from_us
from rencheng.domain.sensing import Readings
from sensing_kit import Service

NOW = datetime(2015, 3, 1, tzinfo=UTC)
DAY = 86_400_000_000
FIRST = 1_425_168_000_000_000
"""2015-03-01 [µs]"""


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_late_and_new_observations_neither_repeat_nor_hide_others(
    small: Service, direction: str
) -> None:
    stream = small.value("Datastreams", orderby="name")[0]["@iot.selfLink"]
    page = small.ask(f"{stream}/Observations", top=2, orderby=f"phenomenonTime {direction}")
    for at in ("2015-02-01T00:00:00Z", "2015-04-01T00:00:00Z", "2015-03-02T00:00:00Z"):
        small.make(f"{stream}/Observations", {"phenomenonTime": at, "result": 99})
    found = [one["result"] for one in page["value"]]
    while "@iot.nextLink" in page:
        page = small.ask(page["@iot.nextLink"])
        found += [one["result"] for one in page["value"]]
    assert [one for one in found if one != 99] == ([1, 2, 3] if direction == "asc" else [3, 2, 1])


def test_data_arrays_say_what_their_columns_are(small: Service) -> None:
    page = small.ask("Observations", resultFormat="dataArray", select="phenomenonTime,result")
    assert sum(one["dataArray@iot.count"] for one in page["value"]) == 12
    assert all(one["components"] == ["phenomenonTime", "result"] for one in page["value"])
    assert page["value"][0]["dataArray"][0] == ["2015-03-01T00:00:00Z", 1]
    small.ask("Things", resultFormat="dataArray", status=400)


LEAVES = st.sampled_from(
    [
        "result gt 2", "result add 1 le result mul 2", "2 eq result", "result ne 1",
        "phenomenonTime ge 2015-03-02T00:00:00Z", "phenomenonTime lt 2015-03-03T00:00:00Z",
        "phenomenonTime eq 2015-03-01T00:00:00Z", "resultTime le 2015-03-02T00:00:00Z",
        "phenomenonTime le 2015-03-01T00:00:00Z/2015-03-03T00:00:00Z", "resultTime ne now()",
        "result lt phenomenonTime", "result ne resultTime", "phenomenonTime gt now()", "true",
    ]
)  # fmt: skip
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 2), st.sampled_from([np.nan, 0.0, 1.0, 2.0, 3.5]),
        st.sampled_from([None, 0, 1, 5]),
    ),
    max_size=12,
)  # fmt: skip


@given(text=FILTERS, rows=ROWS)
def test_columns_say_what_rows_say_one_by_one(text: str, rows: list[tuple[Any, ...]]) -> None:
    at = np.array([FIRST + row[0] * DAY for row in rows], dtype=np.int64)
    end = at + np.array([row[1] * DAY for row in rows], dtype=np.int64)
    made = [UNSAID if row[3] is None else FIRST + row[3] * DAY for row in rows]
    found = Readings(
        streams=("s",), stream=np.zeros(len(rows), np.int32), at=at, end=end,
        value=np.array([row[2] for row in rows], dtype=float),
        result_at=np.array(made, dtype=np.int64), ident=np.zeros(len(rows), np.uint64),
        reasons=np.zeros(len(rows), np.uint16), details={},
    )  # fmt: skip

    def value(row: int, name: str) -> Any:
        if name == "result":
            return None if np.isnan(found.value[row]) else float(found.value[row])
        if name == "resultTime":
            return None if found.result_at[row] == UNSAID else from_us(int(found.result_at[row]))
        begin, until = from_us(int(found.at[row])), from_us(int(found.end[row]))
        return begin if begin == until else Interval(begin, until)

    tree = expression_of(text)
    singly = reader_of(tree, lambda path: lambda row: value(row, path.parts[0]), NOW)
    at_once = filter_of(tree, NOW)
    assert at_once is not None
    assert at_once(found).tolist() == [singly(row) is True for row in range(len(rows))]
