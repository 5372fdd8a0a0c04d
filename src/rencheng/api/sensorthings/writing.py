"""POST, PATCH, PUT and DELETE: bodies become drafts, drafts become commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rencheng.api.sensorthings.calling import Call
from rencheng.api.sensorthings.json_patch import patched
from rencheng.api.sensorthings.place import Place, item_of, place_of
from rencheng.api.sensorthings.query.answer import told
from rencheng.api.sensorthings.query.links import address_of
from rencheng.api.sensorthings.query.options import query_of
from rencheng.api.sensorthings.reading import entity
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.sensing import PROPERTIES, EntityKind, Thing
from rencheng.service.correcting import correct, take_back
from rencheng.service.observation_forms import check
from rencheng.service.observing import Outcome, observe
from rencheng.service.owing import first_asked, insert, observations_in
from rencheng.service.register import register_of
from rencheng.service.register_forms import Draft, Faults, back_of, draft_of
from rencheng.service.registering import delete, unlink, update

K = EntityKind


def decoded(body: bytes) -> Any:
    """Return a body as JSON values, or raise `InvalidInputError`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            "sensorthings.json",
            f"the body is no JSON: {error}",
            hint="Send one JSON object, in UTF-8",
            params={"why": str(error)},
        ) from error


def post(call: Call, path: str, body: Any) -> tuple[str, dict[str, Any]]:
    """Create what a body says in the set at a path, and return its address and what it is."""
    source = call.source()
    place = place_of(source, path)
    if place.item is not None or place.is_links:
        raise _wrong_place(path)
    parent = None
    if place.parent is not None:
        parent = back_of(place.parent.kind, place.parent.relation, place.parent.item.id)
        if parent is None:
            raise _wrong_place(path)
    faults = Faults()
    draft = draft_of(place.kind, body, faults, parent=parent)
    if place.kind is K.OBSERVATIONS:
        faults.raise_any()
        call.spend(1)
        now = None if "at" in draft.values else first_asked(call.house, call.command, draft)
        (outcome,) = observe(
            call.house, call.command, [draft], datastreams=call.datastreams, now=now
        )
        require_kept([outcome])
        address = address_of(call.root, K.OBSERVATIONS, outcome.key)
        if outcome.reading is None:
            return address, entity(call, address)
        return address, told(source, call.root, K.OBSERVATIONS, outcome.reading, query_of([]))
    call.must_be_unbound()
    faults.raise_any()
    call.spend(observations_in(draft))
    made = insert(call.house, call.command, draft)
    address = address_of(call.root, made.kind, made.key)
    return address, entity(call, address)


def patch(call: Call, path: str, body: Any, *, is_whole: bool) -> dict[str, Any]:
    """Change an entity as a body says (a list: JSON Patch), and return it as it is now."""
    source = call.source()
    place = place_of(source, path)
    if place.item is None or place.name or place.is_links:
        raise _wrong_place(path)
    if isinstance(body, list):
        before = told(source, call.root, place.kind, place.item, query_of([]))
        kept = {name: before.get(name) for name in PROPERTIES[place.kind] if name in before}
        after = patched(kept, body)
        names = {name for name in {*kept, *after} if kept.get(name) != after.get(name)}
        body, is_whole = {name: after.get(name) for name in names}, False
    _change(call, place, body, is_whole=is_whole)
    fresh = call.source()
    item = item_of(fresh, place.kind, place.item.id)
    return told(fresh, call.root, place.kind, item, query_of([]))


def remove(call: Call, path: str) -> None:
    """Delete an entity, or with `$ref` only the link between a thing and a location."""
    place = place_of(call.source(), path)
    if place.item is None or place.name:
        raise _wrong_place(path)
    key = place.item.id
    if place.is_links:
        above = place.parent.item if place.parent is not None else None
        if isinstance(above, Thing) and place.kind is K.LOCATIONS:
            call.must_be_unbound()
            unlink(call.house, call.command, above.id, key)
            return
        raise _wrong_place(path)
    if place.kind is K.OBSERVATIONS:
        take_back(call.house, call.command, key, datastreams=call.datastreams)
        return
    call.must_be_unbound()
    delete(call.house, call.command, place.kind, key)


def _change(call: Call, place: Place, body: Any, *, is_whole: bool) -> None:
    key = place.item.id if place.item is not None else ""
    faults = Faults()
    if place.kind is not K.OBSERVATIONS:
        call.must_be_unbound()
        if not isinstance(body, Mapping):
            draft_of(place.kind, body, faults, is_change=True)
            faults.raise_any()
        update(call.house, call.command, place.kind, key, body, is_whole=is_whole)
        return
    draft = draft_of(K.OBSERVATIONS, body, faults, is_change=True)
    faults.raise_any()
    correct(call.house, call.command, key, draft, datastreams=call.datastreams)


def require_kept(outcomes: list[Outcome]) -> None:
    """Raise `InvalidInputError` when observations were not kept, with all reasons."""
    faults = Faults()
    for i, one in enumerate(outcomes):
        if one.reason:
            faults.add(f"[{i}]" if len(outcomes) > 1 else "result", f"refused_{one.reason}")
    faults.raise_any()


def sound(call: Call, draft: Draft) -> Faults:
    """Return the faults of an observation against the register as it is."""
    faults = Faults()
    check(register_of(call.house).index(), draft, faults)
    return faults


def _wrong_place(path: str) -> NotFoundError:
    return NotFoundError(
        "sensorthings.wrong_place",
        f"this cannot be done at {path[:200]!r}",
        hint="Create in entity sets; change and delete entities at their own address",
        params={"path": path[:200]},
    )
