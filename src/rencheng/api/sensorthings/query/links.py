"""Addresses of entities, and those of next pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from rencheng.domain.sensing import EntityKind


def address_of(root: str, kind: EntityKind, key: str) -> str:
    """Return the address of an entity; a quote in its id is doubled.

    Examples
    --------
    >>> address_of("http://x/v1.1", EntityKind.THINGS, "pump's 1")
    "http://x/v1.1/Things('pump''s%201')"
    """
    return f"{root}/{kind.value}('{quote(key.replace(chr(39), 2 * chr(39)), safe=_SAFE)}')"


_SAFE = "'@:~!*,+"


def next_page(place: str, texts: Mapping[str, str], **more: str) -> str:
    """Return the address of the next page: the same options, and where it goes on.

    Parameters
    ----------
    place
        Address of the collection, without options.
    texts
        The options of this page as they were given.
    more
        `skip` or `skipFilter`, whichever says where it goes on.
    """
    kept = {name: text for name, text in texts.items() if name not in ("$skip", "$skipFilter")}
    kept |= {f"${name}": text for name, text in more.items()}
    options = "&".join(f"{name}={quote(text, safe=_KEPT)}" for name, text in kept.items())
    return f"{place}?{options}"


_KEPT = "'(),;:/$=@!*~"
"""What may stand in an option as it is: nested options stay readable."""
