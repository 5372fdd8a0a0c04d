"""What a CAP message does against the rules, counted by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from rencheng.domain.provenance import Text
from rencheng.domain.warning import WarningInfo
from rencheng.service.xml import children, text

LONGEST_HEADLINE = 140
"""CAP 1.2, 3.2.2: "intended to be displayed by devices with limited space", 140 characters."""
_FORBIDDEN = frozenset(" ,<&")
"""CAP 1.2, 3.2.1: no spaces, commas or restricted characters in identifier and sender."""


@dataclass(slots=True)
class Findings:
    """Findings of one message: each rule once, with its first case and how often."""

    _found: dict[str, tuple[dict[str, str | int | float], int]] = field(default_factory=dict)

    def add(self, rule: str, **params: str | int | float) -> None:
        """Note that a rule is broken."""
        first, count = self._found.get(rule, (params, 0))
        self._found[rule] = (first, count + 1)

    def texts(self) -> tuple[Text, ...]:
        """Return the findings as sentences."""
        return tuple(
            Text(f"cap.finding.{rule}", {**params, "count": count})
            for rule, (params, count) in self._found.items()
        )


def judge(
    root: etree._Element,
    infos: Sequence[WarningInfo],
    references: Sequence[str],
    said: Findings,
) -> None:
    """Look at a whole message."""
    for key in ("identifier", "sender"):
        if set(text(root, key)) & _FORBIDDEN:
            said.add("characters", where=key, value=text(root, key)[:60])
    kind, scope = text(root, "msgType"), text(root, "scope")
    if kind in ("Update", "Cancel") and not references:
        said.add("references", value=kind)
    if kind == "Alert" and references:
        said.add("references_needless", value=kind)
    if scope == "Restricted" and not text(root, "restriction"):
        said.add("restriction")
    if scope == "Private" and not text(root, "addresses"):
        said.add("addresses")
    if scope == "Public" and not infos and kind != "Cancel":
        said.add("no_info")
    if len({one.categories for one in infos}) > 1 or len({one.codes for one in infos}) > 1:
        said.add("differing")
    events: dict[str, set[str]] = {}
    for one in infos:
        events.setdefault(one.language.lower(), set()).add(one.event)
        _info(one, said)
    if any(len(names) > 1 for names in events.values()):
        said.add("events")
    for node in children(root, "info"):
        if not children(node, "responseType"):
            said.add("recommended", where="responseType")


def _info(info: WarningInfo, said: Findings) -> None:
    if info.expires is None:
        said.add("no_expires")
    elif info.expires < info.effective:
        said.add("expires", value=info.expires.isoformat())
    if not info.areas:
        said.add("no_area")
    if len(info.headline) >= LONGEST_HEADLINE:
        said.add("headline", count_characters=len(info.headline))
    if info.headline and info.headline == info.description:
        said.add("same_text", where="description")
    if info.description and info.description == info.instruction:
        said.add("same_text", where="instruction")
    for where in ("urgency", "severity", "certainty"):
        if getattr(info, where) in ("", "Unknown"):
            said.add("unknown", where=where)
    for where in ("web", "contact", "sender_name", "instruction"):
        if not getattr(info, where):
            said.add("recommended", where=where)
