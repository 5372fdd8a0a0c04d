"""What every connector holds, built in or a stranger's: checked on its own examples.

An example is a folder `examples/<name>/` with `case.toml` and the files that the source answers:

    [settings]                      # of the connector; a setting of type file is given as text
    url = "https://source.example/feed"
    [answers]                       # address = file; what is not here does not answer
    "https://source.example/feed" = "feed.json"
    [[messages]]                    # for way = "push", in place of `answers`
    topic = "a/b"
    file = "message.json"
    [expect]                        # how many of each
    readings = 2
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rencheng.connectors.manifests import fits
from rencheng.connectors.shape import (
    Answer,
    Connector,
    Delivery,
    Gives,
    Message,
    SettingKind,
    Way,
)
from rencheng.domain.errors import Fault, RenchengError, SourceUnavailableError, TooMuchError
from rencheng.service.toml import parse_toml

CASE = "case.toml"
MOST_REQUESTS = 100
_COUNTS = ("readings", "bulletins", "warnings", "maps", "refusals")
_HEARD = datetime(2024, 1, 1, tzinfo=UTC)
_WRONG: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "half of it": lambda body: body[: len(body) // 2],
    "a page that says sorry": lambda _: b"<!doctype html><html><body>Sorry</body></html>",
    "an empty object": lambda _: b"{}",
    "an empty list": lambda _: b"[]",
    "a list of nulls": lambda _: b"[null, null]",
    "a number": lambda _: b"42",
    "empty XML": lambda _: b"<a/>",
    "bytes without sense": lambda _: bytes(range(256)) * 4,
    "an external entity": lambda _: (
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    ),
    "entities that grow": lambda _: (
        b'<!DOCTYPE a [<!ENTITY b "1234567890"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
    ),
    "brackets without end": lambda _: b"[" * 100_000,
    "values of other kinds": lambda body: body.replace(b":", b": [null],").replace(b">", b">?", 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example of a connector."""

    name: str
    settings: Mapping[str, Any]
    answers: Mapping[str, bytes]
    messages: tuple[Message, ...]
    expect: Mapping[str, int]


class _NetworkTouchedError(RuntimeError):
    """A connector went out by itself."""


def examples(connector: Connector) -> tuple[Example, ...]:
    """Return the examples of a connector, defaults filled into their settings."""
    folders = sorted(Path(connector.folder, "examples").glob(f"*/{CASE}"))
    return tuple(_example(file.parent, connector) for file in folders)


def faults_of(connector: Connector) -> tuple[Fault, ...]:
    """Return everything in which a connector breaks the contract.

    Notes
    -----
    Held: there is an example; it gives what it says; what is given stands in the manifest, with
    units; times are aware and in UTC; ids are unique and a second poll makes the same; nothing
    touches the network by itself; bytes of every wrong kind give a refusal or an error of ours;
    a source that is gone or too large is told as such.
    """
    found = examples(connector)
    faults: list[Fault] = []
    if not found:
        faults.append(_fault("examples", f"there is no examples/<name>/{CASE}"))
    for example in found:
        _golden(connector, example, faults)
        _faulty(connector, example, faults)
    return tuple(faults)


def _golden(connector: Connector, example: Example, faults: list[Fault]) -> None:
    where = f"examples/{example.name}"
    first, problem = _tried(connector, example)
    if first is None:
        faults.append(_fault(where, problem))
        return
    for key in _COUNTS:
        count = len(getattr(first, key))
        if count != example.expect.get(key, 0):
            faults.append(_fault(where, f"{count} {key}, expected {example.expect.get(key, 0)}"))
    faults += [_fault(where, one) for one in _wrong_things(connector, first)]
    again, problem = _tried(connector, example)
    if again is None or _ids(again) != _ids(first):
        faults.append(_fault(where, f"a second poll makes other ids {problem}"))


def _wrong_things(connector: Connector, delivery: Delivery) -> Iterator[str]:
    """Yield what is wrong with the things of a delivery."""
    gives = set(connector.manifest.gives)
    for kind, key in (
        (Gives.OBSERVATIONS, "readings"),
        (Gives.BULLETINS, "bulletins"),
        (Gives.ALERTS, "warnings"),
        (Gives.RASTERS, "maps"),
    ):
        if getattr(delivery, key) and kind not in gives:
            yield f"gives {key}, and the manifest does not say so"
    ids = _ids(delivery)
    if len(set(ids)) != len(ids):
        yield "ids are not unique"
    if not all(ids):
        yield "an id is empty"
    units = {one.unit for one in connector.manifest.outputs}
    if "*" not in units and any(one.unit not in units for one in delivery.readings):
        yield "a reading has a unit that the manifest does not declare"
    if any(not one.unit for one in delivery.readings):
        yield "a reading has no unit"
    times = [
        *(one.at for one in delivery.readings),
        *(time for one in delivery.bulletins for time in (one.issued, one.origin_time)),
        *(one.sent for one in delivery.warnings),
        *(one.issued for one in delivery.maps),
    ]
    if any(time.utcoffset() != timedelta(0) for time in times):
        yield "a time is not in UTC"


def _faulty(connector: Connector, example: Example, faults: list[Fault]) -> None:
    """Feed it what no source should send, and sources that are gone."""
    for name, spoil in _WRONG.items():
        spoilt = Example(
            name=example.name,
            settings=example.settings,
            answers={url: spoil(body) for url, body in example.answers.items()},
            messages=tuple(
                Message(topic=one.topic, body=spoil(one.body), received=one.received)
                for one in example.messages
            ),
            expect={},
        )
        given, problem = _tried(connector, spoilt)
        if given is None and not problem.startswith("RenchengError"):
            faults.append(_fault(f"examples/{example.name}", f"{name}: {problem}"))
        elif given is not None:
            wrong = [one for one in _wrong_things(connector, given) if "manifest" not in one]
            faults += [_fault(f"examples/{example.name}", f"{name}: {one}") for one in wrong]
    if connector.manifest.way is not Way.POLLING:
        return
    gone = SourceUnavailableError("feed.no_answer", "it is gone", hint="")
    large = TooMuchError("feed.size", "it is too large", hint="")
    for error in (gone, large):
        given, problem = _tried(connector, example, error)
        if given is not None or not problem.startswith("RenchengError"):
            said = problem or "is not told"
            faults.append(_fault(f"examples/{example.name}", f"{error.problem}: {said}"))


def _tried(
    connector: Connector, example: Example, error: RenchengError | None = None
) -> tuple[Delivery | None, str]:
    """Run an example; return what it gave, or None and what happened."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as pool:  # whatever it raises is a value here
        asked = pool.submit(_run, connector, example, error)
        raised = asked.exception()
    if raised is None:
        return asked.result(), ""
    kind = "RenchengError" if isinstance(raised, RenchengError) else type(raised).__name__
    return None, f"{kind}: {raised}"


def _run(connector: Connector, example: Example, error: RenchengError | None) -> Delivery:
    asked: list[str] = []

    def get(url: str, *, headers: Mapping[str, str] | None = None, mark: str = "") -> Answer:  # noqa: ARG001
        asked.append(url)
        if error is not None:
            raise error
        if len(asked) > MOST_REQUESTS:
            raise TooMuchError("feed.requests", "it asks without end", hint="")
        if url not in example.answers:
            raise SourceUnavailableError("feed.no_answer", f"{url} is not there", hint="")
        return Answer(url=url, body=example.answers[url])

    with _cut_off():
        if connector.manifest.way is Way.POLLING:
            return connector.reader().read(example.settings, None, get)
        hearer = connector.hearer()
        heard = [hearer.hear(example.settings, one) for one in example.messages]
    return Delivery(
        readings=tuple(one for d in heard for one in d.readings),
        bulletins=tuple(one for d in heard for one in d.bulletins),
        warnings=tuple(one for d in heard for one in d.warnings),
        maps=tuple(one for d in heard for one in d.maps),
        refusals=tuple(one for d in heard for one in d.refusals),
    )


@contextmanager
def _cut_off() -> Iterator[None]:
    """Let nobody open a connection."""

    def refuse(*_: object, **__: object) -> Any:
        raise _NetworkTouchedError("it goes out by itself; `get` is the only way")

    with (
        patch.object(socket.socket, "connect", refuse),
        patch.object(socket, "getaddrinfo", refuse),
    ):
        yield


def _ids(delivery: Delivery) -> list[str]:
    return [
        *(f"{one.datastream} {one.id}" if one.id else "" for one in delivery.readings),
        *(one.id for one in delivery.bulletins),
        *(one.key for one in delivery.warnings),
        *(one.id for one in delivery.maps),
    ]


def _example(folder: Path, connector: Connector) -> Example:
    document = parse_toml((folder / CASE).read_bytes(), f"{folder.name}/{CASE}")
    given = document.get("settings", {})
    settings = {}
    for one in connector.manifest.settings:
        value = given.get(one.name, one.default)
        if one.kind is SettingKind.NUMBER and fits(one.kind, value):
            value = float(value)
        settings[one.name] = tuple(value) if isinstance(value, list) else value
    answers = document.get("answers", {})
    return Example(
        name=folder.name,
        settings=settings,
        answers={url: (folder / file).read_bytes() for url, file in answers.items()},
        messages=tuple(
            Message(topic=row["topic"], body=(folder / row["file"]).read_bytes(), received=_HEARD)
            for row in document.get("messages", [])
        ),
        expect=document.get("expect", {}),
    )


def _fault(where: str, problem: str) -> Fault:
    hint = "docs/how-to/connectors.md says what the contract asks"
    return Fault(where=where, key="connector.contract", problem=problem, hint=hint)
