"""CreateObservations: many observations of one datastream as arrays (OGC 18-088, chapter 13.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import methodcaller
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.api.sensorthings.calling import Call
from rencheng.api.sensorthings.query.links import address_of
from rencheng.api.sensorthings.writing import sound
from rencheng.domain.sensing import EntityKind
from rencheng.service.intake import MAX_ROWS, REASONS, REFUSED, refusal
from rencheng.service.observing import observe, observe_numbers
from rencheng.service.owing import first_asked
from rencheng.service.register import register_of
from rencheng.service.register_forms import Draft, Faults, draft_of

PLAIN = ({"phenomenonTime", "result"}, {"phenomenonTime", "result", "resultTime"})
"""Components that the fast way in takes."""
_NAMES = ("Datastream", "MultiDatastream")


def create(call: Call, body: Any) -> list[str]:
    """Keep what is good; answer for each observation its address, or `error` and why."""
    faults = Faults()
    if not isinstance(body, list):
        faults.add("", "no_list")
    groups = [_group(one, i, faults) for i, one in enumerate(body if faults.found == [] else [])]
    faults.raise_any()
    call.spend(sum(len(rows) for _, _, _, rows in groups))
    plain: list[_Plain] = []
    answers: list[list[str]] = [[] for _ in groups]
    waiting = 0
    rows = register_of(call.house).rows([key for _, key, _, _ in groups])
    for n, group in enumerate(groups):
        read = None if rows[n] is None else _plain(n, group)
        if read is None:
            answers[n] = _alone(call, groups, n)
            continue
        if waiting + len(read.times) > MAX_ROWS:
            _keep(call, groups, plain, answers)
            plain, waiting = [], 0
        plain.append(read)
        waiting += len(read.times)
    _keep(call, groups, plain, answers)
    return [one for some in answers for one in some]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A group that looks like plain numbers at moments."""

    group: int
    times: Sequence[str]
    results: Sequence[float]
    is_at_once: bool


Group = tuple[str, str, list[str], list[Any]]


def _group(one: Any, i: int, faults: Faults) -> Group:
    place = f"[{i}]"
    said = one if isinstance(one, Mapping) else {}
    name = next((name for name in _NAMES if isinstance(said.get(name), Mapping)), "")
    key = str(said[name].get("@iot.id", "")) if name else ""
    components, rows = said.get("components"), said.get("dataArray")
    if not key:
        faults.add(f"{place}.Datastream", "missing")
    if not isinstance(components, list) or not all(isinstance(x, str) for x in components):
        faults.add(f"{place}.components", "texts")
        components = []
    if not isinstance(rows, list):
        faults.add(f"{place}.dataArray", "no_list")
        rows = []
    return name, key, components, rows


def _plain(place: int, group: Group) -> _Plain | None:
    """Read plain numbers at moments as columns; None where something is not as plain."""
    name, _, components, rows = group
    if name != "Datastream" or set(components) not in PLAIN or not 0 < len(rows) <= MAX_ROWS:
        return None
    if len(set(components)) != len(components):
        return None
    if set(map(type, rows)) != {list} or set(map(len, rows)) != {len(components)}:
        return None
    columns = dict(zip(components, zip(*rows, strict=True), strict=True))
    results, texts = columns["result"], columns["phenomenonTime"]
    if not set(map(type, results)) <= {int, float} or columns.get("resultTime", texts) != texts:
        return None
    return _Plain(place, texts, results, "resultTime" in columns)


def _columns(plain: Sequence[_Plain]) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Return times and values of groups; None where one of them is not as plain as it looks."""
    at = moments([text for one in plain for text in one.times])
    try:
        value = np.array([x for one in plain for x in one.results], dtype=np.float64)
    except OverflowError:
        return None
    return None if at is None else (at, value)


def _keep(
    call: Call, groups: Sequence[Group], plain: Sequence[_Plain], answers: list[list[str]]
) -> None:
    """Keep the columns of many groups at once, and write the answer of each in its place."""
    if not plain:
        return
    read = _columns(plain)
    if read is None:
        half = len(plain) // 2
        if not half:
            answers[plain[0].group] = _alone(call, groups, plain[0].group)
            return
        _keep(call, groups, plain[:half], answers)
        _keep(call, groups, plain[half:], answers)
        return
    sizes = [len(one.times) for one in plain]
    taken, ident = observe_numbers(
        call.house, call.command,
        [groups[one.group][1] for one in plain],
        np.repeat(np.arange(len(plain), dtype=np.int32), sizes),
        *read,
        datastreams=call.datastreams,
        is_at_once=np.repeat([one.is_at_once for one in plain], sizes),
    )  # fmt: skip
    moment_of, mark_of, first = read[0].tolist(), ident.tolist(), 0
    for one, size in zip(plain, sizes, strict=True):
        stem = address_of(call.root, EntityKind.OBSERVATIONS, groups[one.group][1])[:-2]
        part = slice(first, first + size)
        names = zip(moment_of[part], mark_of[part], strict=True)
        answers[one.group] = [f"{stem}@{moment}-{mark:016x}')" for moment, mark in names]
        first += size
    groups_of = np.repeat([one.group for one in plain], sizes)
    rows_of = np.arange(len(groups_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    refused = np.stack([groups_of, rows_of, taken.codes], axis=1)[taken.refused]
    if len(refused):
        _answer_refused(call, groups, refused.tolist(), answers)


def _answer_refused(
    call: Call, groups: Sequence[Group], refused: Sequence[list[int]],
    answers: list[list[str]],
) -> None:  # fmt: skip
    """Answer rows by group, row and code; what is to come goes beside the history, all at once."""
    later = [(group, n) for group, n, code in refused if code == refusal("future")]
    again = _singly(call, [(groups[group], groups[group][3][n]) for group, n in later])
    for group, n, code in refused:
        answers[group][n] = f"error {REASONS[code - REFUSED]}"
    for (group, n), one in zip(later, again, strict=True):
        answers[group][n] = one


def moments(texts: Sequence[Any]) -> NDArray[np.int64] | None:
    """Return times in UTC as microseconds since 1970; None where one is written otherwise. (n,)

    Examples
    --------
    >>> moments(["1970-01-01T00:00:01Z", "1970-01-01T00:00:00.5Z"]).tolist()
    [1000000, 500000]
    """
    if set(map(type, texts)) != {str} or min(map(len, texts)) < 17:
        return None
    if not all(map(methodcaller("endswith", "Z"), texts)):
        return None
    try:
        return np.array([text[:-1] for text in texts], dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        return None


def _alone(call: Call, groups: Sequence[Group], n: int) -> list[str]:
    """Keep the observations of a group that is not plain, under a key of its own."""
    own = replace(call, key=f"{call.key}/{n}") if call.key else call
    return _singly(own, [(groups[n], row) for row in groups[n][3]])


def _singly(call: Call, rows: Sequence[tuple[Group, Any]]) -> list[str]:
    """Keep observations that need a look at each; the bad ones are answered in their place."""
    answers = [""] * len(rows)
    good: list[tuple[int, Draft]] = []
    for i, ((name, key, components, _), row) in enumerate(rows):
        faults = Faults()
        if not isinstance(row, list) or len(row) != len(components):
            answers[i] = "error sizes"
            continue
        body = dict(_property(part, value) for part, value in zip(components, row, strict=True))
        draft = draft_of(EntityKind.OBSERVATIONS, body, faults, parent=(name, key))
        found = faults.found or sound(call, draft).found
        if found:
            answers[i] = f"error {found[0].key.rpartition('.')[2]}"
        else:
            good.append((i, draft))
    drafts = [draft for _, draft in good]
    if not drafts:
        return answers
    is_timed = all("at" in draft.values for draft in drafts)
    now = None if is_timed else first_asked(call.house, call.command, drafts)
    kept = observe(call.house, call.command, drafts, datastreams=call.datastreams, now=now)
    for (i, _), one in zip(good, kept, strict=True):
        address = address_of(call.root, EntityKind.OBSERVATIONS, one.key)
        answers[i] = f"error {one.reason}" if one.reason else address
    return answers


def _property(component: str, value: Any) -> tuple[str, Any]:
    """Return the property that a component names: a feature is given by its id."""
    if component in ("FeatureOfInterest/id", "FeatureOfInterest/@iot.id"):
        return "FeatureOfInterest", {"@iot.id": value}
    return component, value
