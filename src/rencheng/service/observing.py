"""Observations in the standard's words: numbers go into the history, the rest beside it.

A number of the live run goes through `intake`: judged, durable, watched by the rules. What intake
has no room for (an interval, parameters, a text, a time to come, a feature of its own) lies in the
details; a correction lies there too, beside the raw value and never over it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.identity import Permission
from rencheng.domain.readings import to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import EntityKind, ObservationDetails, Reading
from rencheng.service import registering
from rencheng.service.house import Command, House
from rencheng.service.intake import ACCEPTED, REFUSED, Columns, Taken, refusal, take_in
from rencheng.service.observation_forms import check, feature_key, stream_of, told_by
from rencheng.service.register import Register, register_of
from rencheng.service.register_forms import Draft, Faults
from rencheng.service.register_readings import (
    AT_ONCE,
    HASH,
    MARK,
    feature_of,
    id_of,
    ident_of,
    plain_reading,
)

Flags = NDArray[np.bool_]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]
Params = dict[str, str]
K = EntityKind
# Constants of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195, figure 15).
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one observation: its id, or why it was not kept."""

    key: str = ""
    reason: str = ""
    """Key under `ingest.<reason>`; empty: kept."""
    params: Params = field(default_factory=dict)
    reading: Reading | None = None
    """As it is told, where that is known without a look."""


@dataclass(slots=True, kw_only=True)
class _Item:
    """An observation on its way in."""

    stream: str
    at: int
    ident: int
    details: ObservationDetails | None
    row: int
    """Row of its stream in the city; -1: it goes into the details alone."""
    value: float = np.nan
    is_good: bool = False
    """Whether it is new, with nothing against it."""


def observe(
    house: House, command: Command, drafts: Sequence[Draft], *, datastreams: Sequence[str] = (),
    now: int | None = None,
) -> list[Outcome]:  # fmt: skip
    """Keep observations and say of each what became of it; the same one again is no second one.

    Parameters
    ----------
    drafts
        Read by `register_forms`, with a link to a datastream each.
    datastreams
        Ids that the sender may write; empty: all.
    now
        Time of what says none; None: the house's clock. [µs UTC]

    Raises
    ------
    InvalidInputError
        If a datastream or feature is not there, or a result does not fit; all faults at once, and
        nothing is kept.
    """
    command.actor.must(Permission.INGEST)
    register, faults = register_of(house), Faults()
    for draft in drafts:
        check(register.index(), draft, faults)
    faults.raise_any()
    now, told = to_us(house.now()) if now is None else now, []
    for draft in drafts:
        stream = stream_of(register.index(), draft)
        assert stream is not None  # noqa: S101 - checked before
        feature = _feature(house, command, register, draft)
        told.append(told_by(draft, stream.id, now, feature))
    return keep_told(house, command, told, datastreams=datastreams)


def keep_told(
    house: House, command: Command, told: Sequence[ObservationDetails],
    *, datastreams: Sequence[str] = (), is_again: bool = True,
) -> list[Outcome]:  # fmt: skip
    """Keep observations that were checked; the same one again is no second one.

    `is_again`: what was taken back in the meantime is told again, as it is sent again.
    """
    register = register_of(house)
    items = [_item(register, _placed(house, command, register, one)) for one in told]
    if not is_again:
        items = _standing(house, items)
    outcomes = _kept(house, command, items, datastreams)
    for item, outcome in zip(items, outcomes, strict=True):
        if not outcome.reason:
            own = item.details.feature if item.details else ""
            _widen(house, command, register, item.stream, item.at, own)
        if item.is_good and not item.details and not register.noted((item.stream,)):
            outcome.reading = plain_reading(house, item.stream, item.at, item.value, item.ident)
    return outcomes


def observe_numbers(
    house: House, command: Command, names: Sequence[str], which: I32, at: I64, value: F64,
    *, datastreams: Sequence[str] = (), is_at_once: Flags,
) -> tuple[Taken, U64]:  # fmt: skip
    """Keep plain numbers of datastreams that feed models: the fast way in.

    Parameters
    ----------
    names, which
        Ids of the datastreams, and of each number the place of its own there. (n,)
    at, value
        Begin of the phenomenon [µs UTC] and the result. (n,)
    is_at_once
        Whether the results were made at the phenomena's times. (n,)

    Returns
    -------
    taken
        What became of each row; times to come are refused here.
    ident
        With stream and time, the ids. (n,)
    """
    register = register_of(house)
    rows = register.rows(names)
    ident = idents(value) | np.where(is_at_once, AT_ONCE, np.uint64(0))
    streams = np.array([-1 if row is None else row for row in rows], dtype=np.int32)[which]
    columns = Columns(stream=streams, at=at, value=value, ident=ident)
    taken = take_in(house, command, columns, datastreams=datastreams)
    old = np.flatnonzero(taken.codes == refusal("past"))
    if len(old):
        part = Columns(stream=streams[old], at=at[old], value=value[old], ident=ident[old])
        later = take_in(house, command, part, datastreams=datastreams, is_history=True)
        codes = taken.codes.copy()
        codes[old] = later.codes
        taken = replace(taken, codes=codes)
    kept = np.flatnonzero(taken.codes < REFUSED)
    _tell_again(house, register, names, which[kept], at[kept], ident[kept])
    found, first = np.unique(which[kept], return_index=True)
    for place, n in zip(found.tolist(), kept[first].tolist(), strict=True):
        _widen(house, command, register, names[place], int(at[n]))
    return taken, ident


def _tell_again(
    house: House, register: Register, names: Sequence[str], which: I32, at: I64, ident: U64
) -> None:
    """Tell of numbers again that were taken back and are sent once more."""
    noted = set(register.noted(names))
    if not noted:
        return
    rows = zip(which.tolist(), at.tolist(), ident.tolist(), strict=True)
    keys = [id_of(names[n], time, mark) for n, time, mark in rows if names[n] in noted]
    with house.work() as work:
        back = [one for one in work.details.of(keys).values() if one.is_withdrawn]
        if back:
            work.details.put([replace(x, is_withdrawn=False) for x in back if x.result is not None])
            work.details.drop([one.id for one in back if one.result is None])
            work.commit()


def idents(value: F64, *, is_at_once: bool = False) -> U64:
    """Return what makes plain numbers one and the same: their bits, mixed. (n,)"""
    mixed = np.ascontiguousarray(value, dtype=np.float64).view(np.uint64).copy()
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    mixed ^= mixed >> np.uint64(31)
    bits = AT_ONCE if is_at_once else np.uint64(0)
    return np.asarray((MARK << np.uint64(48)) | ((mixed & HASH) << np.uint64(2)) | bits)


# Inside ----------------------------------------------------------------------------------------


def _item(register: Register, told: ObservationDetails) -> _Item:
    """Return how an observation goes in: a plain number at a moment needs no details."""
    row = register.row(told.datastream) if _is_number(told.result) else None
    extras = (
        told.end != told.at or told.result_at not in (None, told.at) or told.feature
        or told.result_quality or told.valid_time or told.parameters
    )  # fmt: skip
    if row is not None and not extras:
        value = float(told.result)
        own = idents(np.array([value]), is_at_once=told.result_at == told.at)
        return _Item(
            stream=told.datastream, at=told.at, ident=int(own[0]), details=None, row=row,
            value=value,
        )  # fmt: skip
    ident = _ident(told)
    details = replace(told, id=id_of(told.datastream, told.at, ident), is_raw=row is not None)
    return _Item(
        stream=told.datastream, at=told.at, ident=ident, details=details,
        row=-1 if row is None else row, value=np.nan if row is None else float(told.result),
    )  # fmt: skip


def _standing(house: House, items: Sequence[_Item]) -> list[_Item]:
    """Return those that nobody has taken back."""
    keys = [id_of(one.stream, one.at, one.ident) for one in items]
    with house.work() as work:
        known = work.details.of(keys)
    gone = {key for key, one in known.items() if one.is_withdrawn}
    return [one for one, key in zip(items, keys, strict=True) if key not in gone]


def _ident(details: ObservationDetails) -> int:
    """Return what makes an observation with details one and the same: all that it says."""
    said = [
        details.end, details.result, details.result_at, details.result_quality,
        details.valid_time, dict(details.parameters), details.feature,
    ]  # fmt: skip
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return ident_of(text, is_at_once=details.result_at == details.at)


def _is_number(value: object) -> bool:
    """Return whether a result is a number that the history holds exactly."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and isinstance(value, int | float) and abs(value) < 2**1000 and (
        float(value) == value
    )  # fmt: skip


def _feature(house: House, command: Command, register: Register, draft: Draft) -> str:
    """Return the id of the feature that an observation names or brings; empty: neither.

    A feature sent along is made, unless the same one is there: a retry makes no second one.
    """
    for one in draft.links.get("FeatureOfInterest", ()):
        if isinstance(one, str):
            return one
        key = feature_key(one)
        if register.index().find(K.FEATURES, key) is None:
            registering.create_feature(house, command, replace(one, key=key, links={}))
        return key
    return ""


def _placed(
    house: House, command: Command, register: Register, told: ObservationDetails
) -> ObservationDetails:
    """Return an observation whose feature is empty where it is that of the thing's place."""
    at_place = feature_of(register.index(), told.datastream, told.at)
    if told.feature:
        return replace(told, feature="") if told.feature == at_place else told
    if not at_place:
        registering.create_place_feature(house, command, told.datastream, told.at)
    return told


def _widen(
    house: House, command: Command, register: Register, stream: str, at: int, own: str = ""
) -> None:
    """Take where it was observed into the area of a datastream."""
    index = register.index()
    kind = K.DATASTREAMS if index.find(K.DATASTREAMS, stream) else K.MULTI_DATASTREAMS
    if (kind, stream) in index.own:
        return
    box = register.box(own or feature_of(index, stream, at))
    if box is not None:
        registering.extend_area(house, command, kind, stream, box)


def _kept(
    house: House, command: Command, items: Sequence[_Item], datastreams: Sequence[str]
) -> list[Outcome]:
    outcomes = [Outcome(key=id_of(one.stream, one.at, one.ident)) for one in items]
    for one, outcome in zip(items, outcomes, strict=True):
        if datastreams and one.stream not in datastreams:
            outcome.reason, outcome.params = "not_allowed", {"datastream": one.stream}
    raw = [i for i, one in enumerate(items) if one.row >= 0 and not outcomes[i].reason]
    if raw:
        _take(house, command, items, outcomes, raw, datastreams)
    beside = [
        one.details
        for one, outcome in zip(items, outcomes, strict=True)
        if one.details is not None and not outcome.reason
    ]
    register = register_of(house)
    register.note(one.datastream for one in beside)
    kept = [n for n, outcome in enumerate(outcomes) if not outcome.reason]
    noted = set(register.noted(items[n].stream for n in kept))
    if not noted:
        return outcomes
    with house.work() as work:
        known = work.details.of([outcomes[n].key for n in kept if items[n].stream in noted])
    fresh = {one.id: one for one in beside if one.id not in known or known[one.id].is_withdrawn}
    back = [x for x in known.values() if x.is_withdrawn and x.id not in fresh]
    if fresh or back:
        told = [replace(one, is_withdrawn=False) for one in back if one.result is not None]
        with house.work() as work:
            work.details.put([*fresh.values(), *told])
            work.details.drop([one.id for one in back if one.result is None])
            work.commit()
    return outcomes


def _take(
    house: House, command: Command, items: Sequence[_Item], outcomes: list[Outcome],
    raw: Sequence[int], datastreams: Sequence[str],
) -> None:  # fmt: skip
    """Let numbers go through intake; what is of long ago goes there as history."""
    waiting, is_history = list(raw), False
    while waiting:
        columns = Columns(
            stream=np.array([items[i].row for i in waiting], dtype=np.int32),
            at=np.array([items[i].at for i in waiting], dtype=np.int64),
            value=np.array([items[i].value for i in waiting], dtype=np.float64),
            ident=np.array([items[i].ident for i in waiting], dtype=np.uint64),
        )
        taken = take_in(
            house, replace(command, run=LIVE_RUN), columns,
            datastreams=datastreams, is_history=is_history,
        )  # fmt: skip
        old: list[int] = []
        city = house.cities.current()
        for n in np.flatnonzero(taken.codes == ACCEPTED).tolist():
            items[waiting[n]].is_good = True
        for n in taken.refused.tolist():
            reason, params = taken.reason(city, columns, n)
            one = items[waiting[n]]
            if reason == "past" and not is_history:
                old.append(waiting[n])
            elif reason == "future":
                _foretell(one)
            else:
                outcomes[waiting[n]].reason, outcomes[waiting[n]].params = reason, params
        waiting, is_history = old, True


def _foretell(item: _Item) -> None:
    """Keep what is said of a time to come beside the history: no rule may take it for a fact."""
    whole = item.details or ObservationDetails(
        id=id_of(item.stream, item.at, item.ident), datastream=item.stream, at=item.at,
        end=item.at, result=item.value, result_at=item.at if item.ident & int(AT_ONCE) else None,
    )  # fmt: skip
    item.details = replace(whole, is_raw=False)
