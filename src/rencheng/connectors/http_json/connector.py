"""Read observations from JSON by a mapping file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rencheng.connectors.http_json.mapping import Mapping, Rows, mapping_from
from rencheng.connectors.paths import every, first, json_of, number_of, time_of
from rencheng.connectors.shape import Delivery, Get, Reading, Refusal, Settings
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.provenance import Text


class Connector:
    """Ask one address, and take from its JSON what the mapping names."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:
        """Return the values that the mapping finds; see `Reads.read`."""
        mapping = mapping_from(settings["mapping"])
        name, key = settings["header"], settings["key"]
        answer = get(settings["url"], headers={name: key} if name and key else None)
        if answer.is_unchanged:
            return Delivery()
        document = json_of(answer)
        found: dict[tuple[str, str], Reading] = {}
        refusals: list[Refusal] = []
        seen = 0
        for rows in mapping.rows:
            for row in every(document, rows.path):
                seen += 1
                _take(row, rows, mapping, found, refusals)
        if not seen:
            raise SourceUnavailableError(
                "feed.no_rows",
                f"{answer.url} answers JSON in which the mapping finds no rows",
                hint="Compare the paths of the mapping with what the source answers now",
                params={"url": answer.url},
            )
        kept = tuple(one for one in found.values() if since is None or one.at > since)
        late = tuple(one for one in found.values() if since is not None and one.at <= since)
        return Delivery(readings=(*late[-mapping.look_back :], *kept), refusals=tuple(refusals))


def _take(
    row: Any,
    rows: Rows,
    mapping: Mapping,
    found: dict[tuple[str, str], Reading],
    refusals: list[Refusal],
) -> None:
    """Read one row: its datastream, its time, its value."""
    said = str(first(row, rows.stream) if rows.stream else "")
    stream = rows.datastream or mapping.streams.get(said, "" if mapping.streams else said)
    if not stream:
        if said in mapping.streams or not mapping.is_complete:
            return
        refusals.append(_refusal(said or "?", "no datastream of ours"))
        return
    value = first(row, rows.value)
    if value is None or value in rows.missing:
        return
    try:
        at = time_of(first(row, rows.time), rows.time_format, rows.zone)
        number = number_of(value) * rows.factor + rows.offset
    except (ValueError, TypeError) as error:
        refusals.append(_refusal(stream, str(error)))
        return
    key = f"{stream}@{at.isoformat()}"
    found[stream, key] = Reading(datastream=stream, value=number, unit=rows.unit, at=at, id=key)


def _refusal(what: str, why: str) -> Refusal:
    return Refusal(what=what, why=Text("feed.row", {"id": what, "why": why}))
