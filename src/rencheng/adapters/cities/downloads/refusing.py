"""What can go wrong with a download, in words."""

from __future__ import annotations

from urllib.parse import urlsplit

from rencheng.adapters.cities.downloads import Item
from rencheng.domain.errors import CorruptDataError, Param, SourceUnavailableError, TooMuchError

_MB = 1e6


def _params(item: Item, **more: Param) -> dict[str, Param]:
    parts = urlsplit(item.url)
    return {"file": parts.path.rpartition("/")[2], "host": parts.hostname or "?", **more}


def offline(item: Item) -> SourceUnavailableError:
    """Nobody answers."""
    params = _params(item)
    return SourceUnavailableError(
        "download.offline",
        f"{params['host']} cannot be reached",
        hint="Check the network, or fetch the file elsewhere and point the recipe at it",
        params=params,
    )


def absent(item: Item) -> SourceUnavailableError:
    """There is no such file."""
    params = _params(item)
    return SourceUnavailableError(
        "download.absent",
        f"{params['host']} has no file {params['file']}",
        hint="Check region and year; the publisher may have moved it",
        params=params,
    )


def answered(item: Item, code: int) -> SourceUnavailableError:
    """The publisher answers something else than the file."""
    params = _params(item, code=code)
    return SourceUnavailableError(
        "download.answered",
        f"{params['host']} answers {code} for {params['file']}",
        hint="Try later; 401 and 403 mean that the publisher wants an account",
        params=params,
    )


def broken_off(item: Item, tries: int) -> SourceUnavailableError:
    """The connection breaks again and again."""
    params = _params(item, tries=tries)
    return SourceUnavailableError(
        "download.broken_off",
        f"{params['host']} broke off {params['file']} {tries} times",
        hint="Run the same command again: it goes on where it stopped",
        params=params,
    )


def sent_away(item: Item, host: str) -> SourceUnavailableError:
    """The publisher sends us to a host that its file does not name."""
    params = _params(item, other=host)
    return SourceUnavailableError(
        "download.sent_away",
        f"{params['host']} sends {params['file']} on to {host}, which is not allowed",
        hint="If you trust that host, add it to `hosts` of the download's file",
        params=params,
    )


def lied(item: Item, said: int) -> SourceUnavailableError:
    """The publisher sends more than it said."""
    params = _params(item, mb=said / _MB)
    return SourceUnavailableError(
        "download.lied",
        f"{params['host']} sends more of {params['file']} than the {said} bytes it stated",
        hint="Do not use it; tell the publisher",
        params=params,
    )


def grown(item: Item, size: int, most: int) -> TooMuchError:
    """The file is larger than was shown, or than is allowed."""
    params = _params(item, mb=size / _MB, most=most / _MB)
    return TooMuchError(
        "download.grown",
        f"{params['file']} has {size} bytes, at most {most} were expected",
        hint="Ask again; raise largest_mb of the download's file if that is right",
        params=params,
    )


def full(item: Item, need: int, free: int) -> TooMuchError:
    """The disk is too small."""
    params = _params(item, mb=need / _MB, free=free / _MB)
    return TooMuchError(
        "download.full",
        f"{params['file']} needs {need} bytes more, the disk has {free}",
        hint="Make room, or name another folder with --state; it goes on where it stopped",
        params=params,
    )


def wrong_sum(item: Item, wanted: str, found: str) -> CorruptDataError:
    """The file is not the one that the publisher describes."""
    params = _params(item, wanted=wanted[:12], found=found[:12])
    return CorruptDataError(
        "download.wrong_sum",
        f"{params['file']} has the checksum {found}, the publisher states {wanted}",
        hint="It was removed; fetch it again",
        params=params,
    )
