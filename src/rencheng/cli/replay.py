"""`rencheng replay`: start and steer a replay of a running server, and watch its clock."""

from __future__ import annotations

from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING, Any

from rencheng.cli import speaking
from rencheng.cli.options import commands
from rencheng.cli.server import URL, Token, Url, ask, client_of

if TYPE_CHECKING:
    import httpx

app = commands("replay", "回放历史事件 Replay a past event on a running server")
_EVERY_S = 1.0


@app.default
def start(
    scenario: str = "illapel_2015",
    *,
    speed: float = 60.0,
    url: Url = URL,
    token: Token = "",
    follow: bool = True,
) -> None:
    """开始回放并显示进度 Start a replay and watch its clock; Ctrl-C leaves it running.

    Parameters
    ----------
    scenario
        情景编号 Id of the scenario.
    speed
        速度 ×1 至 ×600，0 为暂停 Simulated seconds per second, 0: paused.
    follow
        显示进度直到结束 Watch until the end.
    """
    with client_of(url, token) as client:
        clock = ask(client, "POST", "/replay", {"scenario": scenario, "speed": speed})
        speaking.say("cli.replay.started", run=str(clock["run"]), speed=speed)
        if follow:
            _follow(client, clock)


@app.command(name="list")
def show(*, url: Url = URL, token: Token = "") -> None:
    """列出可回放的情景 List the scenarios."""
    from rich.table import Table

    heads = ("id", "name", "start", "end", "synthetic")
    table = Table(*(speaking.words(f"cli.replay.column.{head}") for head in heads))
    name = "name_en" if speaking.language() == "en" else "name_zh"
    with client_of(url, token) as client:
        for one in ask(client, "GET", "/scenarios"):
            made_up = str(one["synthetic_streams"])
            table.add_row(one["id"], one[name], one["start"], one["end"], made_up)
    speaking.console().print(table)


@app.command
def steer(
    *,
    speed: float | None = None,
    jump_to: datetime | None = None,
    stop: bool = False,
    url: Url = URL,
    token: Token = "",
) -> None:
    """调速、跳转或结束 Change the speed (0 pauses), jump forward, or end the replay.

    Parameters
    ----------
    speed
        新速度 New speed.
    jump_to
        向前跳到该时刻(UTC) Time to jump to, with its zone, such as 2015-09-16T23:00:00+00:00.
    stop
        结束回放 End it.
    """
    body = {"speed": speed, "stop": stop, "jump_to": jump_to.isoformat() if jump_to else None}
    with client_of(url, token) as client:
        clock = ask(client, "PATCH", "/replay", body)
    key = "cli.replay.ended" if clock["is_over"] else "cli.replay.now"
    speaking.say(key, time=str(clock["now"]), speed=float(clock["speed"]))


def _follow(client: httpx.Client, clock: dict[str, Any]) -> None:
    from rich.progress import BarColumn, Progress, TextColumn

    run = clock["run"]
    begin, end = (datetime.fromisoformat(clock[key]) for key in ("sim_start", "sim_end"))
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(*columns, console=speaking.console()) as progress:
        task = progress.add_task("", total=(end - begin).total_seconds())
        while clock["run"] == run and not clock["is_over"]:
            now = datetime.fromisoformat(clock["now"])
            said = speaking.words(
                "cli.replay.now", time=f"{now:%m-%d %H:%M:%S}", speed=float(clock["speed"])
            )
            progress.update(task, description=said, completed=(now - begin).total_seconds())
            sleep(_EVERY_S)
            clock = ask(client, "GET", "/clock")
        progress.update(task, completed=(end - begin).total_seconds())
    speaking.say("cli.replay.ended", style="bold green", time=str(clock["now"]), speed=0.0)
