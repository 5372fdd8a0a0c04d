"""Who asks the SensorThings service, and what he may see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rencheng.api.problems import RefusedError
from rencheng.api.sensorthings.query.model import Source
from rencheng.domain.errors import InvalidInputError, NotAllowedError, RenchengError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import EntityKind
from rencheng.service.callers import Caller
from rencheng.service.house import Command, House
from rencheng.service.ownership import assets_hidden
from rencheng.service.register import View, register_of

HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: the house, who asks under which key of a command, and the address asked."""

    house: House
    caller: Caller
    root: str
    """Address of the service, such as `https://city.example/v1.1`."""
    key: str = ""
    spend: Callable[[int], None] = lambda _count: None
    """Counts values against what the key may send in a time, or raises `TooMuchError`."""

    @property
    def command(self) -> Command:
        """Return the change that is asked for; the register lives in the live run alone."""
        return Command(actor=self.caller.actor, run=LIVE_RUN, id=self.key)

    @property
    def datastreams(self) -> tuple[str, ...]:
        """Ids that the key may write; empty: all."""
        return self.caller.token.datastreams if self.caller.token else ()

    def source(self) -> Source:
        """Return what the caller may read."""
        index = register_of(self.house).index()
        return Source(self.house, View(index, self._hidden()), self.house.now())

    def _hidden(self) -> frozenset[str]:
        """A key sees its own datastreams, a device without such limits all, a person as ever."""
        if self.datastreams:
            index = register_of(self.house).index()
            both = (EntityKind.DATASTREAMS, EntityKind.MULTI_DATASTREAMS)
            every = {one.id for kind in both for one in index.all(kind)}
            return frozenset(every - set(self.datastreams))
        may = self.caller.actor.permissions
        if Permission.INGEST in may and Permission.CITY_READ not in may:
            return frozenset()
        return assets_hidden(self.caller.actor, self.house.cities.current())

    def must_be_unbound(self) -> None:
        """Raise `NotAllowedError` for a key of certain datastreams: it may send values alone."""
        if self.datastreams:
            raise NotAllowedError(
                "sensorthings.bound",
                "this key may write to its own datastreams only",
                hint="Use a key without limits to register sensors",
            )


def in_their_way(error: RenchengError) -> RenchengError | RefusedError:
    """Return an error with the status that the standard has for it: 400 for what is wrong."""
    return RefusedError(error, 400) if isinstance(error, InvalidInputError) else error
