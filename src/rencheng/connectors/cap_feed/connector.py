"""Fetch an index of warnings, or one warning."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urljoin

from lxml import etree

from rencheng.connectors.cap_feed.reading import NotAWarningError, is_alert, read_alert
from rencheng.connectors.cap_feed.signing import checked
from rencheng.connectors.shape import Delivery, Get, Refusal, Settings
from rencheng.domain.errors import RenchengError, SourceUnavailableError
from rencheng.domain.provenance import Text
from rencheng.domain.warning import Signature
from rencheng.service.foreign import WarningItem
from rencheng.service.xml import children, name, text, tree

_CAP_TYPE = "application/cap+xml"


class Connector:
    """Ask for an index and what it names, or for a single message."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:  # noqa: ARG002
        """Return the warnings that are out; see `Reads.read`.

        A message that the index names is fetched once, and again when the index says that it
        changed. One that cannot be had is refused and the others are read all the same.
        """
        answer = get(settings["url"])
        if answer.is_unchanged:
            return Delivery()
        root = tree(answer.body, what=answer.url)
        if is_alert(root):
            return _all([(answer.url, answer.body, root)], settings, [])
        embedded = [one for one in root.iter() if is_alert(one)]
        messages = [(answer.url, etree.tostring(one, with_tail=False), one) for one in embedded]
        links = _links(root, answer.url)
        if not messages and links is None:
            raise SourceUnavailableError(
                "feed.no_cap",
                f"{answer.url} answers XML that is neither CAP, Atom nor RSS",
                hint="Look at the address: it must give CAP or an index of CAP",
                params={"url": answer.url, "root": name(root)},
            )
        refusals: list[Refusal] = []
        most = settings["max_messages"]
        for url, mark in (links or [])[:most] if not messages else []:
            try:
                found = get(url, mark=mark)
                if not found.is_unchanged:
                    messages.append((url, found.body, tree(found.body, what=url)))
            except RenchengError as error:
                why = Text("feed.message", {"id": url, "why": error.problem})
                refusals.append(Refusal(what=url, why=why))
        if links is not None and len(links) > most and not embedded:
            why = Text("feed.index_long", {"count": len(links), "most": most})
            refusals.append(Refusal(what=answer.url, why=why))
        return _all(messages, settings, refusals)


def _all(
    messages: list[tuple[str, bytes, etree._Element]], settings: Settings, refusals: list[Refusal]
) -> Delivery:
    found: dict[str, WarningItem] = {}
    for url, original, root in messages:
        try:
            item = read_alert(root, original)
        except NotAWarningError as error:
            refusals.append(Refusal(what=url, why=error.text))
            continue
        worth, signer = checked(
            root, settings["certificates"], item.sent, allow_sha1=settings["allow_sha1"]
        )
        if settings["must_be_signed"] and worth is not Signature.VERIFIED:
            params = {"id": item.key, "worth": worth.value}
            refusals.append(Refusal(what=url, why=Text("feed.unsigned", params)))
            continue
        found.setdefault(item.key, replace(item, signature=worth, signed_by=signer))
    return Delivery(warnings=tuple(found.values()), refusals=tuple(refusals))


def _links(root: etree._Element, base: str) -> list[tuple[str, str]] | None:
    """Return address and mark of every message that an index names; None when it is no index."""
    if name(root) == "feed":
        found = [_atom(entry, base) for entry in children(root, "entry")]
    elif name(root) == "rss":
        items = [one for channel in children(root, "channel") for one in children(channel, "item")]
        found = [
            (urljoin(base, text(one, "link")), text(one, "pubDate") or text(one, "guid"))
            for one in items
            if text(one, "link")
        ]
    else:
        return None
    return list(dict.fromkeys(one for one in found if one is not None))


def _atom(entry: etree._Element, base: str) -> tuple[str, str] | None:
    links = [one for one in children(entry, "link") if one.get("href")]
    own = [one for one in links if one.get("type") == _CAP_TYPE]
    plain = [one for one in links if one.get("rel", "alternate") == "alternate"]
    chosen = next(iter(own or plain or links), None)
    if chosen is None:
        return None
    mark = text(entry, "updated") or text(entry, "published") or text(entry, "id")
    return urljoin(base, chosen.get("href") or ""), mark
