"""Corrections of observations: they lie beside the raw values, which stay as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rencheng.domain.identity import Permission
from rencheng.domain.sensing import EntityKind, ObservationDetails, Reading
from rencheng.service.house import Command, House
from rencheng.service.observation_forms import check_result, feature_link
from rencheng.service.register import register_of
from rencheng.service.register_forms import Draft, Faults
from rencheng.service.register_index import absent
from rencheng.service.register_readings import MOVED, parts_of, reading

K = EntityKind


def correct(house: House, command: Command, key: str, draft: Draft, *,
            datastreams: Sequence[str] = ()) -> None:  # fmt: skip
    """Change what is told of an observation; the raw value stays in the history as it came."""
    command.actor.must(Permission.INGEST)
    register, faults = register_of(house), Faults()
    old = _own(house, key, datastreams)
    said = draft.values
    if {"Datastream", "MultiDatastream"} & draft.links.keys():
        faults.add("Datastream", "stays")
    item = register.index().find(K.MULTI_DATASTREAMS, old.datastream)
    if "result" in said:
        check_result(item, said["result"], "result", faults)
    feature = feature_link(register.index(), draft, faults)
    faults.raise_any()
    at, end = said.get("at", (old.at, old.end))
    result_at = (said["result_at"] or (None,))[0] if "result_at" in said else old.result_at
    stream, raw_at, _ = parts_of(key)
    register.note((stream,))
    with house.work() as work:
        work.lock()
        before = work.details.of((key,)).get(key)
        is_raw = before.is_raw if before is not None else True
        own = ObservationDetails(
            id=key, datastream=stream, at=at, end=end,
            result=said.get("result", old.result), result_at=result_at,
            result_quality=said.get("result_quality", before.result_quality if before else None),
            valid_time=said.get("valid_time", old.valid_time),
            parameters=said.get("parameters", old.parameters),
            feature=feature or (before.feature if before else ""),
            is_raw=is_raw and at == raw_at,
        )  # fmt: skip
        if is_raw and at != raw_at:
            work.details.put([_taken_back(own, raw_at)])
        work.details.put([own])
        work.commit()


def take_back(house: House, command: Command, key: str, *, datastreams: Sequence[str] = ()
              ) -> None:  # fmt: skip
    """Stop telling of an observation; a raw value stays in the history."""
    command.actor.must(Permission.INGEST)
    old = _own(house, key, datastreams)
    register_of(house).note((old.datastream,))
    with house.work() as work:
        work.lock()
        before = work.details.of((key,)).get(key)
        gone = before or ObservationDetails(
            id=key, datastream=old.datastream, at=old.at, end=old.end, result=None, is_raw=True
        )
        work.details.put([replace(gone, is_withdrawn=True)])
        work.commit()


def _own(house: House, key: str, datastreams: Sequence[str]) -> Reading:
    """Return an observation that the sender may change."""
    found = reading(house, key)
    if datastreams and found.datastream not in datastreams:
        raise absent(K.OBSERVATIONS, key)
    return found


def _taken_back(own: ObservationDetails, at: int) -> ObservationDetails:
    return replace(own, id=own.id + MOVED, at=at, end=at, is_raw=True, is_withdrawn=True)
