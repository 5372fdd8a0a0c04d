"""Public data for a city, fetched from the internet when somebody asks for it, and never before.

Where a publisher keeps what is data: a file in `data/downloads` each, with licence and citation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rencheng.adapters.cities.readers import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file to fetch."""

    url: str
    name: str
    """Path inside the cache: the source's name and the file's."""
    licence: str
    size: int | None = None
    """Bytes, as the publisher says; None until it was asked."""
    limit: int
    """Bytes from which it is refused, whatever the publisher says."""
    checksum: str = ""
    """`md5:<hex>` or `sha256:<hex>`; empty: the publisher states none."""
    checksum_url: str = ""
    """Where the checksum stands, as `<algorithm> <url>`; empty: nowhere."""
    may_be_absent: bool = False
    """Whether the publisher simply has no such file for some places, such as tiles of sea."""
    hosts: tuple[str, ...] = ()
    """Hosts that the publisher may send us on to, besides its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What part of the world is wanted."""

    bbox: Box | None = None
    region: str = ""
    year: int | None = None


class Download(Protocol):
    """A publisher's data: what it gives, on what terms, and which files cover a place."""

    @property
    def name(self) -> str:
        """Return the name on the command line."""
        ...

    @property
    def gives(self) -> tuple[str, ...]:
        """Return the layers that its reader makes of it."""
        ...

    @property
    def reader(self) -> str:
        """Return the kind of reader."""
        ...

    @property
    def options(self) -> Mapping[str, str | int | float | bool]:
        """Return the options that the reader needs for it."""
        ...

    @property
    def licence(self) -> str:
        """Return the terms of use."""
        ...

    @property
    def citation(self) -> str:
        """Return how the publisher wants to be named."""
        ...

    @property
    def status(self) -> str:
        """Return `official`, or `unverified` where nobody has yet fetched from there."""
        ...

    def plan(self, ask: Ask) -> tuple[Item, ...]:
        """Return the files that cover what is asked for, without asking anybody.

        Raises
        ------
        InvalidInputError
            When the place is not said in the way that this publisher needs, or is too large.
        """
        ...
