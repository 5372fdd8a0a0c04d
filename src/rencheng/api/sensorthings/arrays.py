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
    answers: list[list[str]] = []
    for n, (name, key, components, rows) in enumerate(groups):
        read = _plain(call, n, name, key, components, rows)
        if read is not None and sum(len(one.at) for one in plain) + len(rows) > MAX_ROWS:
            _keep(call, groups, plain, answers)
            plain = []
        if read is not None:
            plain.append(read)
        own = replace(call, key=f"{call.key}/{n}") if call.key else call
        answers.append([] if read is not None else _singly(own, name, key, components, rows))
    _keep(call, groups, plain, answers)
    return [one for some in answers for one in some]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A group that is plain numbers at moments."""

    group: int
    at: NDArray[np.int64]
    value: NDArray[np.float64]
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


def _plain(
    call: Call, group: int, name: str, key: str, components: list[str], rows: list[Any]
) -> _Plain | None:
    """Read plain numbers at moments as columns; None where something is not as plain."""
    if name != "Datastream" or set(components) not in PLAIN or not 0 < len(rows) <= MAX_ROWS:
        return None
    if len(set(components)) != len(components) or register_of(call.house).row(key) is None:
        return None
    if set(map(type, rows)) != {list} or set(map(len, rows)) != {len(components)}:
        return None
    columns = dict(zip(components, zip(*rows, strict=True), strict=True))
    results, texts = columns["result"], columns["phenomenonTime"]
    if not set(map(type, results)) <= {int, float} or columns.get("resultTime", texts) != texts:
        return None
    at = moments(texts)
    if at is None:
        return None
    try:
        value = np.array(results, dtype=np.float64)
    except OverflowError:
        return None
    return _Plain(group, at, value, "resultTime" in columns)


def _keep(
    call: Call, groups: Sequence[Group], plain: Sequence[_Plain], answers: list[list[str]]
) -> None:
    """Keep the columns of many groups at once, and write the answer of each in its place."""
    if not plain:
        return
    sizes = [len(one.at) for one in plain]
    taken, ident = observe_numbers(
        call.house, call.command,
        [groups[one.group][1] for one in plain],
        np.repeat(np.arange(len(plain), dtype=np.int32), sizes),
        np.concatenate([one.at for one in plain]),
        np.concatenate([one.value for one in plain]),
        datastreams=call.datastreams,
        is_at_once=np.repeat([one.is_at_once for one in plain], sizes),
    )  # fmt: skip
    first = 0
    for one, size in zip(plain, sizes, strict=True):
        part = slice(first, first + size)
        answers[one.group] = _answers(call, groups[one.group], one, taken.codes[part], ident[part])
        first += size


def _answers(
    call: Call, group: Group, plain: _Plain, codes: NDArray[np.uint8], ident: NDArray[np.uint64]
) -> list[str]:
    """Return what is answered for each row; what is to come goes beside the history."""
    name, key, components, rows = group
    names = zip(plain.at.tolist(), ident.tolist(), strict=True)
    stem = address_of(call.root, EntityKind.OBSERVATIONS, key).removesuffix("')")
    answers = [f"{stem}@{moment}-{mark:016x}')" for moment, mark in names]
    if not (codes >= REFUSED).any():
        return answers
    later = np.flatnonzero(codes == refusal("future")).tolist()
    if later:
        again = _singly(call, name, key, components, [rows[n] for n in later])
        for n, one in zip(later, again, strict=True):
            answers[n] = one
    for n in np.flatnonzero((codes >= REFUSED) & (codes != refusal("future"))).tolist():
        answers[n] = f"error {REASONS[int(codes[n]) - REFUSED]}"
    return answers


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


def _singly(
    call: Call, name: str, key: str, components: list[str], rows: Sequence[Any]
) -> list[str]:
    """Keep observations that need a look at each; the bad ones are answered in their place."""
    answers = [""] * len(rows)
    good: list[tuple[int, Draft]] = []
    for i, row in enumerate(rows):
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
