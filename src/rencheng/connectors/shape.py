"""What a connector is: it turns bytes of others into what the house knows, and does nothing else.

A connector touches no network, disk or clock. A polling one gets `get`, by which it asks for
addresses; a pushed one gets messages. Both return a `Delivery`, which the house takes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import ShakingMap
from rencheng.domain.provenance import Text
from rencheng.service.bulletins import BulletinItem
from rencheng.service.foreign import WarningItem

SettingValue = str | int | float | bool | tuple[str, ...]
Settings = Mapping[str, Any]
"""Settings by name, checked against the manifest, defaults filled in."""


class Gives(StrEnum):
    """What a connector may give."""

    OBSERVATIONS = "observations"
    BULLETINS = "bulletins"
    ALERTS = "alerts"
    RASTERS = "rasters"


class Way(StrEnum):
    """How news comes in."""

    POLLING = "polling"
    """We ask: `read`."""
    PUSH = "push"
    """It is sent to us: `hear`."""


class SettingKind(StrEnum):
    """What a setting is."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    SWITCH = "switch"
    ADDRESS = "address"
    """http or https."""
    SECRET = "secret"  # noqa: S105 a kind of setting, not a secret
    """Never shown."""
    LIST = "list"
    """Texts."""
    FILE = "file"
    """Path of a text file, relative to the state folder; the connector gets what is in it."""
    FILES = "files"
    """Several of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A sentence in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a connector."""

    name: str
    kind: SettingKind
    help: Both
    default: SettingValue | None
    """None: it must be given."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One thing that a connector gives, and its unit (UCUM; `*`: that of the datastream)."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What stands in `manifest.toml`."""

    id: str
    version: str
    name: Both
    about: Both
    gives: tuple[Gives, ...]
    way: Way
    outputs: tuple[Output, ...]
    settings: tuple[Setting, ...]
    every_s: float
    """How often to ask unless the office says otherwise. [s]"""
    licence: str
    """Licence of the data, as their owner states it."""
    standard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from an address."""

    url: str
    """After redirects."""
    body: bytes
    media_type: str = ""
    is_unchanged: bool = False
    """The source says that nothing changed since it was taken in last; `body` is empty."""


class Get(Protocol):
    """Asks for an address, within the limits of the feed."""

    def __call__(
        self, url: str, *, headers: Mapping[str, str] | None = None, mark: str = ""
    ) -> Answer:
        """Return what it answers.

        `mark` is what an index says of it, such as when it was changed; while that stays the same,
        what was taken in once is not asked for again.

        Raises
        ------
        SourceUnavailableError
            When it does not answer, or with an error.
        TooMuchError
            When the answer is larger than the feed admits.
        NotAllowedError
            When the address is none that this feed may ask.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value for a datastream of the city."""

    datastream: str
    value: float
    unit: str
    """UCUM; must be one that the manifest declares."""
    at: datetime
    """When it was so in the world. [UTC]"""
    id: str
    """Made from the source alone, so that a second poll makes nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that could not be read, and why; the rest was."""

    what: str
    """Its name in the source."""
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one poll or one message brought."""

    readings: tuple[Reading, ...] = ()
    bulletins: tuple[BulletinItem, ...] = ()
    warnings: tuple[WarningItem, ...] = ()
    maps: tuple[ShakingMap, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def count(self) -> int:
        """How many things there are."""
        return len(self.readings) + len(self.bulletins) + len(self.warnings) + len(self.maps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that was sent to us."""

    topic: str
    body: bytes
    received: datetime
    """[UTC]"""


@runtime_checkable
class Reads(Protocol):
    """A connector that is asked."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:
        """Ask the source and return what it has.

        Parameters
        ----------
        settings
            Checked, complete.
        since
            Time of the newest thing taken in so far; older things may be left out. None: none yet.
        get
            The only way out.

        Raises
        ------
        RenchengError
            When the source as a whole cannot be read. One bad thing in it is a `Refusal`.
        """
        ...


@runtime_checkable
class Hears(Protocol):
    """A connector that is told."""

    def hear(self, settings: Settings, message: Message) -> Delivery:
        """Return what a message says; what cannot be read is a `Refusal`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A connector as it was found."""

    manifest: Manifest
    make: Callable[[], Reads | Hears]
    folder: Any
    """Where it lies (`pathlib.Path`)."""
    origin: str
    """`built-in`, `entry point` or `folder`."""
    _kept: list[Any] = field(default_factory=list)

    def reader(self) -> Reads:
        """Return what reads; made once."""
        made = self._made()
        if not isinstance(made, Reads):
            raise self._wrong("polling")
        return made

    def hearer(self) -> Hears:
        """Return what hears; made once."""
        made = self._made()
        if not isinstance(made, Hears):
            raise self._wrong("push")
        return made

    def _made(self) -> Reads | Hears:
        if not self._kept:
            self._kept.append(self.make())
        made: Reads | Hears = self._kept[0]
        return made

    def _wrong(self, way: str) -> InvalidInputError:
        return InvalidInputError(
            "connector.way",
            f"connector {self.manifest.id} cannot be used by {way}",
            hint="Look at `way` in its manifest",
            params={"id": self.manifest.id, "way": way},
        )
