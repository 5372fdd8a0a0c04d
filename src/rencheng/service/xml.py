"""Read XML of strangers: no document type, no entities, no network."""

from __future__ import annotations

from lxml import etree

from rencheng.domain.errors import NotAllowedError, SourceUnavailableError

_DOCTYPES = (b"<!doctype", b"<!entity")


def tree(body: bytes, *, what: str = "") -> etree._Element:
    """Return the root of a document.

    Raises
    ------
    NotAllowedError
        When it declares a document type or entities: that is how files of a machine are stolen
        and memory is filled.
    SourceUnavailableError
        When it is no XML.
    """
    if any(mark in body.lower() for mark in _DOCTYPES):
        raise _hostile(what)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceUnavailableError(
            "feed.no_xml",
            f"{what or 'the document'} is no XML: {error}",
            hint="Open the address in a browser; it may be another one now",
            params={"what": what, "start": repr(body[:40])},
        ) from error
    if root is None:
        raise SourceUnavailableError(
            "feed.no_xml",
            f"{what or 'the document'} is empty",
            hint="Open the address in a browser; it may be another one now",
            params={"what": what, "start": ""},
        )
    if root.getroottree().docinfo.internalDTD is not None:  # in another encoding
        raise _hostile(what)
    return root


def name(node: etree._Element) -> str:
    """Return the name of an element without its namespace; comments have none."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def children(node: etree._Element, wanted: str) -> list[etree._Element]:
    """Return the children of a name, whatever their namespace."""
    return [one for one in node if name(one) == wanted]


def text(node: etree._Element | None, *path: str) -> str:
    """Return the text at the end of a path of names, empty when it is not there."""
    for step in path:
        found = children(node, step) if node is not None else []
        node = found[0] if found else None
    return (node.text or "").strip() if node is not None else ""


def _hostile(what: str) -> NotAllowedError:
    return NotAllowedError(
        "feed.hostile_xml",
        f"{what or 'the document'} declares a document type or entities",
        hint="Do not use this source until its owner has explained that",
        params={"what": what},
    )
