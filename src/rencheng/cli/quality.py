"""`rencheng quality`: what readings are held against, and limits learnt from their history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import commands
from rencheng.cli.server import URL, Token, Url, ask, client_of

app = commands("quality", "质量控制 Quality control of readings")


@app.command
def show(stream: str = "", *, url: Url = URL, token: Token = "") -> None:
    """查看阈值 Show what a stream is held against; without a stream, the versions of learnt limits.

    Parameters
    ----------
    stream
        数据流编号 Id of the stream.
    """
    from rich.table import Table

    with client_of(url, token) as client:
        if not stream:
            _versions(ask(client, "GET", "/quality/limits")["items"])
            return
        found = ask(client, "GET", f"/quality/streams/{stream}")
    speaking.say("cli.quality.stream", stream=stream, version=found["verdict_version"])
    heads = ("limit", "value", "origin")
    table = Table(*(speaking.words(f"cli.quality.column.{head}") for head in heads))
    for one in found["limits"]:
        origin = "learnt" if one["is_learnt"] else "stated"
        table.add_row(
            speaking.words(f"quality.limit.{one['name']}"),
            _numbers(one["values"], found["unit"]),
            speaking.words(f"cli.quality.{origin}"),
        )
    speaking.console().print(table)
    near = ", ".join(found["neighbours"]) or "-"
    speaking.say(
        "cli.quality.counts", count=found["count"], suspect=found["suspect"], neighbours=near
    )


@app.command
def learn(
    *,
    stream: Annotated[list[str] | None, Parameter(negative="")] = None,
    quantity: str = "",
    start: Annotated[datetime | None, Parameter(name="--from")] = None,
    end: Annotated[datetime | None, Parameter(name="--to")] = None,
    url: Url = URL,
    token: Token = "",
) -> None:
    """从历史学习阈值，只生成草案 Learn limits from history; a draft that a person decides on.

    Parameters
    ----------
    stream
        数据流编号，可重复 Id of a stream, may be repeated.
    quantity
        观测量，如 air_temperature All streams of a quantity.
    start
        起始时间，默认一年前 Begin of the period; a year before its end by default.
    end
        结束时间，默认现在 End of the period; now by default.
    """
    until = _zoned(end) if end else datetime.now(UTC)
    since = _zoned(start) if start else until - timedelta(days=365)
    body = {
        "streams": stream or [],
        "quantity": quantity,
        "start": since.isoformat(),
        "end": until.isoformat(),
    }
    with client_of(url, token) as client:
        draft = ask(client, "POST", "/quality/limits/learn", body)
    _draft(draft)
    speaking.say("cli.quality.draft", style="green", number=draft["number"])


@app.command
def approve(number: int, reason: str, *, url: Url = URL, token: Token = "") -> None:
    """批准阈值草案 Put learnt limits in force.

    Parameters
    ----------
    number
        版本号 Number of the version.
    reason
        理由 Why.
    """
    _decide(number, "approve", reason, url, token)


@app.command
def refuse(number: int, reason: str, *, url: Url = URL, token: Token = "") -> None:
    """退回阈值草案 Refuse learnt limits.

    Parameters
    ----------
    number
        版本号 Number of the version.
    reason
        理由 Why.
    """
    _decide(number, "refuse", reason, url, token)


@app.command
def undo(number: int, reason: str, *, url: Url = URL, token: Token = "") -> None:
    """撤销生效的阈值 Take limits out of force; those before them hold again.

    Parameters
    ----------
    number
        版本号 Number of the version in force.
    reason
        理由 Why.
    """
    _decide(number, "undo", reason, url, token)


def _decide(number: int, decision: str, reason: str, url: str, token: str) -> None:
    from rencheng.domain.errors import NotFoundError

    with client_of(url, token) as client:
        items = ask(client, "GET", "/quality/limits")["items"]
        one = next((item for item in items if item["number"] == number), None)
        if one is None:
            raise NotFoundError(
                "limits.unknown",
                f"no version {number} of the limits",
                hint="Look at the list: `rencheng quality show`",
                params={"number": number},
            )
        body = {"version": one["version"], "decision": decision, "reason": reason}
        done = ask(client, "POST", f"/quality/limits/{one['id']}/decision", body)
    status = speaking.words(f"quality.status.{done['status']}")
    speaking.say("cli.quality.decided", style="green", number=number, status=status)


def _versions(items: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not items:
        speaking.say("cli.quality.none")
        return
    heads = ("number", "status", "streams", "period", "by", "reason")
    table = Table(*(speaking.words(f"cli.quality.column.{head}") for head in heads))
    for one in items:
        table.add_row(
            str(one["number"]),
            speaking.words(f"quality.status.{one['status']}"),
            str(sum(bool(stream["limits"]) for stream in one["streams"])),
            f"{one['start'][:10]} – {one['end'][:10]}",
            one["decided_by"] or one["proposed_by"],
            one["reason"],
        )
    speaking.console().print(table)
    for one in items:
        if one["status"] == "proposed":
            _draft(one)


def _draft(draft: dict[str, Any]) -> None:
    """Write old → new of each stream, its base, and what the back-test says."""
    for one in draft["streams"]:
        days = _days(one["first"], one["last"])
        speaking.say(
            "cli.quality.base", style="bold", stream=one["stream"], count=one["count"], days=days
        )
        for limit in one["limits"]:
            before = _numbers(limit["before"], one["unit"])
            after = _numbers(limit["after"], one["unit"])
            name = speaking.words(f"quality.limit.{limit['name']}")
            speaking.say("cli.quality.change", limit=name, before=before, after=after)
        if one["limits"]:
            speaking.say(
                "cli.quality.flagged",
                before=_flagged(one["flagged_before"]),
                after=_flagged(one["flagged_after"]),
            )
        for why in sorted({left["why"] for left in one["left"]}):
            names = [
                speaking.words(f"quality.limit.{left['name']}")
                for left in one["left"]
                if left["why"] == why
            ]
            speaking.say(
                "cli.quality.left",
                style="dim",
                why=speaking.words(f"quality.left.{why}"),
                limits=(", " if speaking.language() == "en" else "、").join(names),
            )


def _flagged(counts: list[dict[str, Any]]) -> str:
    by = {one["reason"]: one["count"] for one in counts}
    rest = [f"{speaking.words(f'quality.reason.{k}')} {n}" for k, n in by.items() if k != "any"]
    return f"{by.get('any', 0)}" + (f" ({', '.join(rest)})" if rest else "")


def _numbers(values: list[float], unit: str) -> str:
    """Return one number, or twelve by month, or that the check is not made."""
    if not values:
        return speaking.words("quality.unlimited")
    if len(set(values)) == 1:
        return f"{values[0]:g}"
    return " ".join(f"{value:g}" for value in values) + f" {unit}"


def _days(first: str | None, last: str | None) -> int:
    if not first or not last:
        return 0
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days


def _zoned(time: datetime) -> datetime:
    """Return a time with a zone; one without is taken as UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)
