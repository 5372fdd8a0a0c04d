"""Warnings as OASIS CAP 1.2: a strict writer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree

from rencheng.domain.alarm import Level
from rencheng.domain.alert import CAP_SEVERITY, CAP_STATUS, Alert, AlertInfo, MessageType
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Mode, Text
from rencheng.service.areas import polygons
from rencheng.service.house import Words

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CATEGORY = {"earthquake": "Geo", "tsunami": "Geo"}
RESPONSE = {"earthquake": "Execute", "tsunami": "Evacuate"}
COLOUR = {Level.RED: "red", Level.ORANGE: "orange", Level.YELLOW: "yellow", Level.BLUE: "blue"}
_NAMED = 5
"""Zones named one by one in the description of the area; beyond it they are counted."""


def cap_xml(alert: Alert, city: City, *, words: Words, earlier: Sequence[Alert] = ()) -> bytes:
    """Write a warning as a CAP 1.2 document.

    Parameters
    ----------
    alert
        The warning. One that was not sent gets CAP status Draft, whatever its mode.
    city
        Where its zones lie.
    words
        Sentences by language; marks of drills and replays and names of events come from it.
    earlier
        The messages that `alert.references` names.

    Returns
    -------
    bytes
        UTF-8 with an XML declaration.

    Raises
    ------
    InvalidInputError
        If the area is absent or invalid, a reference is unknown, or a text holds characters that
        XML cannot carry.

    Notes
    -----
    Times are UTC with the offset ``-00:00``, as CAP 1.2 section 3.3.2 asks, never ``Z``; a time
    is cut to the second. Polygons are ``lat,lon``, closed, at most 100 vertices; how far they were
    simplified stands in the parameter ``rencheng:simplified_m``, and the exact zones in the
    geocodes ``rencheng:zone``. Headlines of anything but live messages begin with a mark.
    """
    if not alert.zones:
        raise InvalidInputError(
            "alert.no_zones", f"warning {alert.id} has no area", hint="Choose at least one zone"
        )
    root = etree.Element(_tag("alert"), nsmap={None: NAMESPACE})
    try:
        _head(root, alert, words, earlier)
        for info in alert.infos:
            _info(root, alert, info, city, words)
    except ValueError as error:  # lxml: control characters and NUL
        raise InvalidInputError(
            "alert.characters",
            f"a text of warning {alert.id} cannot be written as XML: {error}",
            hint="Remove control characters from the text",
        ) from error
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def cap_time(time: datetime) -> str:
    """Return a time as CAP writes it.

    >>> cap_time(datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC))
    '2015-09-16T22:54:33-00:00'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def marked(mode: Mode, headline: str, words: Words, language: str) -> str:
    """Return a headline with the mark of its mode, once; live ones have none."""
    if mode is Mode.LIVE:
        return headline
    mark = words(Text(f"alert.mark.{mode.value}"), language)
    return headline if headline.startswith(mark) else f"{mark}{headline}"


def _head(root: etree._Element, alert: Alert, words: Words, earlier: Sequence[Alert]) -> None:
    status = CAP_STATUS[alert.mode] if alert.sent else "Draft"
    for name, value in (
        ("identifier", alert.id),
        ("sender", alert.sender),
        ("sent", cap_time(alert.sent or alert.drafted)),
        ("status", status),
        ("msgType", alert.kind.value),
        ("scope", "Public"),
    ):
        _add(root, name, value)
    if alert.mode is not Mode.LIVE:
        note = Text(f"alert.note.{alert.mode.value}", {"run": alert.run})
        _add(root, "note", " / ".join(words(note, language) for language in ("zh-CN", "en")))
    if alert.references:
        _add(root, "references", " ".join(_references(alert, earlier)))


def _references(alert: Alert, earlier: Sequence[Alert]) -> list[str]:
    known = {one.id: one for one in earlier if one.sent}
    missing = [key for key in alert.references if key not in known]
    if missing:
        raise InvalidInputError(
            "alert.reference",
            f"warning {alert.id} refers to {missing[0]}, which was never sent",
            hint="Draft it again from the message that it corrects",
            params={"id": missing[0]},
        )
    return [
        f"{known[key].sender},{key},{cap_time(known[key].sent or known[key].drafted)}"
        for key in alert.references
    ]


def _info(root: etree._Element, alert: Alert, info: AlertInfo, city: City, words: Words) -> None:
    node = etree.SubElement(root, _tag("info"))
    _add(node, "language", info.language)
    _add(node, "category", CATEGORY[alert.event])
    _add(node, "event", words(Text(f"alert.event.{alert.event}"), info.language))
    if alert.kind is not MessageType.CANCEL:
        _add(node, "responseType", RESPONSE[alert.event])
    for name, value in (
        ("urgency", alert.urgency),
        ("severity", CAP_SEVERITY[alert.level]),
        ("certainty", alert.certainty),
        ("effective", cap_time(alert.sent or alert.drafted)),
        ("onset", cap_time(alert.onset)),
        ("expires", cap_time(alert.expires)),
        ("senderName", words(Text("alert.sender_name"), info.language)),
        ("headline", marked(alert.mode, info.headline, words, info.language)),
        ("description", info.description),
        ("instruction", info.instruction),
    ):
        _add(node, name, value)
    outlines = [(zone, *polygons(city, zone)) for zone in alert.zones]
    _parameter(node, "rencheng:colour", COLOUR[alert.level])
    _parameter(node, "rencheng:mode", alert.mode.value)
    _parameter(node, "rencheng:simplified_m", f"{max(worst for _, _, worst in outlines):.1f}")
    area = etree.SubElement(node, _tag("area"))
    _add(area, "areaDesc", area_text(alert, city, words, info.language))
    for _, rings, _ in outlines:
        for ring in rings:
            _add(area, "polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in ring))
    for zone, _, _ in outlines:
        geocode = etree.SubElement(area, _tag("geocode"))
        _add(geocode, "valueName", "rencheng:zone")
        _add(geocode, "value", str(zone))


def area_text(alert: Alert, city: City, words: Words, language: str) -> str:
    """Return the area in words: the city, and its zones by name or by number."""
    name = city.name.get(language) or city.name.get("en", city.id)
    row_of = {int(zone): row for row, zone in enumerate(city.zones.id)}
    zones = ", ".join(city.zones.name[row_of[zone]] for zone in alert.zones[:_NAMED])
    params: dict[str, str | int | float] = {"city": name, "count": len(alert.zones), "zones": zones}
    key = "alert.area.named" if len(alert.zones) <= _NAMED else "alert.area.counted"
    return words(Text(key, params), language)


def _parameter(node: etree._Element, name: str, value: str) -> None:
    parameter = etree.SubElement(node, _tag("parameter"))
    _add(parameter, "valueName", name)
    _add(parameter, "value", value)


def _add(node: etree._Element, name: str, text: str) -> None:
    etree.SubElement(node, _tag(name)).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
