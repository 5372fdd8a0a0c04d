"""`rencheng connector`: which there are, whether the feeds are right, what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands
from rencheng.domain.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from rencheng.connectors.feeds import Feed
    from rencheng.connectors.shape import Connector
    from rencheng.domain.feed import FeedPoll

app = commands("connector", "接入器与数据源 Connectors, and the feeds that use them")
SHOWN = 20
"""Things of a delivery that are shown."""


@app.command(name="list")
def show(*, state: State = STATE) -> None:
    """列出接入器与已配置的数据源 List connectors and the configured feeds."""
    from rich.table import Table

    known, feeds = _read(state)
    heads = ("id", "name", "gives", "way", "every", "origin")
    table = Table(*(speaking.words(f"cli.connector.column.{head}") for head in heads))
    is_english = speaking.language() == "en"
    for key, one in sorted(known.items()):
        about = one.manifest
        name = about.name.en if is_english else about.name.zh
        gives = ", ".join(give.value for give in about.gives)
        every = f"{about.every_s:g} s" if about.way.value == "polling" else "–"
        table.add_row(key, name, gives, about.way.value, every, one.origin)
    speaking.console().print(table)
    for name, feed in feeds.items():
        key = "cli.connector.paused" if feed.is_paused else "cli.connector.feed"
        speaking.say(key, name=name, id=feed.connector.manifest.id, seconds=feed.every_s)
    if not feeds:
        speaking.say("cli.connector.no_feeds", path=str(state / "connectors.toml"))


@app.command
def new(name: str, *, state: State = STATE) -> None:
    """新建一个接入器（立即通过契约） Begin a connector that holds the contract at once."""
    from rencheng.connectors.scaffold import scaffold

    folder = scaffold(state, name)
    speaking.say("cli.connector.made", style="green", path=str(folder))


@app.command
def check(name: str = "", *, state: State = STATE) -> None:
    """检查接入器契约与数据源设置 Check connectors against the contract, and the feeds' settings.

    Parameters
    ----------
    name
        接入器编号或文件夹；不填则检查全部 Id or folder of a connector; empty: all of them.
    """
    from rencheng.connectors.contract import faults_of
    from rencheng.connectors.manifests import connector_of, connectors, open_folder

    known = connectors(state)
    if Path(name).is_dir() and name not in known and name:
        chosen: list[Connector] = [open_folder(Path(name))]
    else:
        chosen = [connector_of(name, known)] if name else list(known.values())
    for one in chosen:
        key = one.manifest.id
        if faults := faults_of(one):
            raise InvalidInputError(
                "connector.contract",
                f"connector {key} breaks the contract in {len(faults)} places",
                hint="Mend each and check again",
                params={"id": key, "count": len(faults)},
                faults=faults,
            )
        speaking.say("cli.connector.holds", style="green", id=key)
    if not name:
        _, feeds = _read(state)
        speaking.say("cli.connector.right", count=len(feeds))


@app.command
def run(feed: str, *, state: State = STATE) -> None:
    """读取一次并显示，不保存 Ask a feed once and show what it has; nothing is kept.

    Parameters
    ----------
    feed
        connectors.toml 中的名称 Name of the feed in connectors.toml.
    """
    from rencheng.connectors.fetching import Fetcher

    one = _feed(feed, _read(state)[1])
    fetch = Fetcher(one)
    try:
        found = one.connector.reader().read(one.settings, None, fetch)
    finally:
        fetch.close()
    out = speaking.console()
    for reading in found.readings[:SHOWN]:
        row = f"{reading.at.isoformat()} {reading.datastream} {reading.value:g} {reading.unit}"
        out.print(row, markup=False)
    for bulletin in found.bulletins[:SHOWN]:
        row = f"{bulletin.issued.isoformat()} {bulletin.kind.value} {bulletin.text}"
        out.print(row, markup=False)
    for warning in found.warnings[:SHOWN]:
        said = "; ".join(info.headline or info.event for info in warning.infos[:2])
        row = f"{warning.sent.isoformat()} {warning.kind.value} [{warning.signature.value}] {said}"
        out.print(row, markup=False)
    for one_map in found.maps[:SHOWN]:
        row = f"{one_map.issued.isoformat()} {one_map.id} {one_map.rows} × {one_map.columns}"
        out.print(row, markup=False)
    for refusal in found.refusals[:SHOWN]:
        out.print(f"✗ {speaking.words(refusal.why.key, **refusal.why.params)}", markup=False)
    speaking.say("cli.connector.found", count=found.count, refused=len(found.refusals))


@app.command
def poll(feed: str, *, state: State = STATE, city: str = DEFAULT_CITY) -> int:
    """读取一次并存入 Ask a feed once and take in what it has; the server must not be running.

    Parameters
    ----------
    feed
        connectors.toml 中的名称 Name of the feed in connectors.toml.
    city
        城市编号 Id of the city.
    """
    from rencheng.bootstrap import build_brain, must_be_alone

    lock = must_be_alone(state)
    brain = build_brain(state, city)
    try:
        poller = brain.feeds
        if poller is None:
            raise _unknown(feed, ())
        _feed(feed, poller.feeds)
        done = poller.poll(feed)
    finally:
        brain.close()
        del lock
    _tell(feed, done)
    return 0 if done.is_good else 1


def _tell(feed: str, done: FeedPoll) -> None:
    out = speaking.console()
    if not done.is_good:
        for text in (done.problem, done.hint):
            if text is not None:
                out.print(f"✗ {speaking.words(text.key, **text.params)}", markup=False)
        return
    speaking.say("cli.connector.taken", name=feed, taken=done.taken, known=done.known,
                 refused=done.refused, seconds=done.took_s)  # fmt: skip
    for text in done.findings:
        out.print(f"  · {speaking.words(text.key, **text.params)}", markup=False)


def _read(state: Path) -> tuple[dict[str, Connector], dict[str, Feed]]:
    from rencheng.connectors.feeds import read_feeds
    from rencheng.connectors.manifests import connectors

    known = connectors(state)
    return known, read_feeds(state, known)


def _feed(name: str, feeds: dict[str, Feed]) -> Feed:
    if name not in feeds:
        raise _unknown(name, tuple(feeds))
    return feeds[name]


def _unknown(name: str, known: tuple[str, ...]) -> NotFoundError:
    return NotFoundError(
        "feed.unknown",
        f"there is no feed {name!r}",
        hint="Add it to connectors.toml, or mend the name",
        params={"name": name, "known": ", ".join(known) or "–"},
    )
