"""Read a CAP message leniently: take what real feeds send, and name what is against the rules.

The rules are those of CAP 1.2 beyond its schema (OASIS, 2010, sections 3.2.1 to 3.2.4).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import etree

from rencheng.connectors.cap_feed.areas import area
from rencheng.connectors.cap_feed.rules import Findings, judge
from rencheng.domain.alert import MessageType
from rencheng.domain.provenance import Text
from rencheng.domain.warning import Signature, WarningInfo
from rencheng.service.foreign import WarningItem, reference
from rencheng.service.xml import children, name, text

_NAMESPACE = re.compile(
    r"urn:oasis:names:tc:emergency:cap:1\.[012]|http://www\.incident\.com/cap/1\.0"
)
_STATUSES = {"Actual", "Exercise", "System", "Test", "Draft"}
_STRICT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
LARGEST = 2_000_000
"""Bytes of one message that are kept. Chosen."""


class NotAWarningError(ValueError):
    """A message that cannot be used; `text` says why."""

    def __init__(self, key: str, said: Text) -> None:
        super().__init__(key)
        self.text = said


def is_alert(node: etree._Element) -> bool:
    """Return whether an element is a CAP message."""
    if name(node) != "alert":
        return False
    space = etree.QName(node).namespace or ""
    return bool(_NAMESPACE.fullmatch(space)) or not space


def read_alert(root: etree._Element, original: bytes) -> WarningItem:
    """Return a message; its signature is not looked at here.

    Raises
    ------
    NotAWarningError
        When it lacks what nothing can be done without, or is no warning.
    """
    said = Findings()
    identifier, sender = text(root, "identifier"), text(root, "sender")
    what = f"{sender} {identifier}".strip() or "?"
    if not is_alert(root):
        raise _refused(what, "cap.refused.no_cap")
    if len(original) > LARGEST:
        raise _refused(what, "cap.refused.size")
    if not identifier or not sender:
        raise _refused(what, "cap.refused.no_id")
    sent = time_of(text(root, "sent"), "sent", said)
    if sent is None:
        raise _refused(what, "cap.refused.no_time")
    status, kind = text(root, "status"), text(root, "msgType")
    if status not in _STATUSES:
        raise _refused(what, "cap.refused.status")
    if kind not in {one.value for one in MessageType}:  # Ack and Error answer a sender
        raise _refused(what, "cap.refused.kind")
    infos = tuple(_info(node, sent, said) for node in children(root, "info"))
    references = _references(text(root, "references"), said)
    judge(root, infos, references, said)
    return WarningItem(
        sender=sender,
        identifier=identifier,
        sent=sent,
        status=status,
        kind=MessageType(kind),
        scope=text(root, "scope"),
        references=references,
        infos=infos,
        signature=Signature.NONE,
        signed_by="",
        findings=said.texts(),
        original=original,
    )


def time_of(value: str, where: str, said: Findings) -> datetime | None:
    """Return a time in UTC; None when it is none. What CAP does not allow is a finding."""
    if not value:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        said.add("time", where=where, value=value[:40])
        return None
    if not _STRICT_TIME.fullmatch(value):
        said.add("time_form", where=where, value=value[:40])
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def _info(node: etree._Element, sent: datetime, said: Findings) -> WarningInfo:
    times = {key: time_of(text(node, key), key, said) for key in ("effective", "onset", "expires")}
    return WarningInfo(
        language=text(node, "language") or "en-US",  # CAP 1.2, 3.2.2: the default
        event=text(node, "event"),
        categories=tuple((one.text or "").strip() for one in children(node, "category")),
        urgency=text(node, "urgency"),
        severity=text(node, "severity"),
        certainty=text(node, "certainty"),
        effective=times["effective"] or sent,
        onset=times["onset"],
        expires=times["expires"],
        sender_name=text(node, "senderName"),
        headline=text(node, "headline"),
        description=text(node, "description"),
        instruction=text(node, "instruction"),
        web=text(node, "web"),
        contact=text(node, "contact"),
        codes=tuple(
            (text(one, "valueName"), text(one, "value")) for one in children(node, "eventCode")
        ),
        parameters=tuple(
            (text(one, "valueName"), text(one, "value")) for one in children(node, "parameter")
        ),
        areas=tuple(area(one, said) for one in children(node, "area")),
    )


def _references(value: str, said: Findings) -> tuple[str, ...]:
    found = []
    for one in value.split():
        parts = one.split(",")
        sent = time_of(parts[2], "references", Findings()) if len(parts) == 3 else None
        if sent is None:
            said.add("references_form", value=one[:80])
            continue
        found.append(reference(parts[0], parts[1], sent))
    return tuple(found)


def _refused(what: str, key: str) -> NotAWarningError:
    return NotAWarningError(key, Text(key, {"id": what}))
