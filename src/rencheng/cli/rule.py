"""`rencheng rule`: alarm rules, and how they would have done in the past."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands
from rencheng.cli.rule_past import Past, Truth
from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    from rencheng.domain.watch import WatchPack, WatchRule
    from rencheng.sense.rules.backtest import Episode

app = commands("rule", "报警规则与回测 Alarm rules, and how they would have done")


@app.command(name="list")
def list_(*, state: State = STATE) -> None:
    """列出规则 List all rules."""
    from rencheng.adapters.watch_packs import load_packs
    from rencheng.cli.rule_report import table

    packs, broken = load_packs(state)
    rows = table("id", "title", "version", "jurisdiction", "status", "input", "on")
    for pack in packs:
        for rule in pack.rules:
            title = rule.title_zh if speaking.language().startswith("zh") else rule.title_en
            rows.add_row(
                rule.id, title, rule.version, rule.jurisdiction,
                speaking.words(f"rules.status.{rule.status}"),
                speaking.words(f"rules.input.{rule.input}"),
                speaking.words("rules.on" if pack.is_on else "rules.off"),
            )  # fmt: skip
    speaking.console().print(rows)
    for name, error in broken:
        speaking.say("cli.rule.broken", style="bold red", file=name)
        speaking.complain(error)


@app.command
def show(rule: str, *, state: State = STATE) -> None:
    """显示一条规则 Show one rule in full.

    Parameters
    ----------
    rule
        规则编号，如 cn-weather/rainstorm Id of the rule.
    """
    import msgspec

    (found,) = _chosen(rule, state, only_one=True)[:1]
    out = speaking.console()
    out.print_json(msgspec.json.encode(found).decode())


@app.command
def check(file: Path) -> None:
    """检查规则文件 Check a file of rules; all faults are named at once.

    Parameters
    ----------
    file
        规则文件 The file.
    """
    from rencheng.adapters.watch_packs import read_pack

    pack = read_pack(file)
    speaking.say("cli.rule.good", style="green", id=pack.id, count=len(pack.rules))


@app.command
def use(pack: str, *, state: State = STATE) -> None:
    """启用规则包：随程序提供的，或自己的文件 Put a shipped pack, or a file of your own, in force.

    Parameters
    ----------
    pack
        规则包编号（如 cn-weather）或规则文件 Id of a shipped pack, or a file of rules.
    """
    from rencheng.adapters.files import data_folder
    from rencheng.adapters.watch_packs import OFFICE_FOLDER, read_pack

    own = Path(pack)
    is_own = own.suffix == ".toml" and own.is_file()
    source = own if is_own else data_folder() / "rules" / "alarms" / f"{own.name}.toml"
    if not source.is_file():
        raise _unknown(pack)
    found = read_pack(source)
    target = state / OFFICE_FOLDER / f"{found.id}.toml"
    before = read_pack(target).version if is_own and target.exists() else ""
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    if not is_own:
        text = text.replace("is_on = false", "is_on = true")
    _place(text, target, may_replace=is_own)
    key = "cli.rule.used" if not before else "cli.rule.replaced"
    speaking.say(
        key, style="green", id=found.id, path=str(target), before=before, version=found.version
    )


@app.command
def test(
    rule: str,
    past: Past = Past(),  # noqa: B008
    truth: Truth = Truth(),  # noqa: B008
    *,
    file: Path | None = None,
    out: Path | None = None,
    is_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    state: State = STATE,
) -> None:
    """回测 Run a rule or pack over the past: hits, false alarms, misses, lead time.

    Parameters
    ----------
    rule
        规则或规则包编号 Id of a rule or a pack.
    file
        尚未启用的规则文件 A file of rules that is not in use yet.
    out
        结果存为 JSON Where to save the result.
    is_json
        只输出 JSON Print the result as JSON, and nothing else.
    """
    from rencheng.cli.rule_past import alarms_of, open_past, unread
    from rencheng.cli.rule_report import document, report
    from rencheng.sense.rules.backtest import score

    rules = _chosen(rule, state, file=file)
    opened = open_past(rules, past, truth, state)
    silent = unread(rules, opened)
    found = _with_progress(lambda tell: alarms_of(rules, opened, tell))
    lead_s = truth.lead_h * 3600
    scores = [score(one.id, found, opened.events, opened.span, lead_s) for one in rules]
    text = json.dumps(document(rules, scores, found, opened, silent), ensure_ascii=False, indent=1)
    if is_json:
        speaking.console().print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        report(scores, opened, silent, has_events=truth.is_known)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
        if not is_json:
            speaking.say("cli.rule.saved", path=str(out))


def _chosen(
    name: str, state: Path, *, only_one: bool = False, file: Path | None = None
) -> list[WatchRule]:
    """Return the rules of a pack, or one rule; those of a file that is not in use yet."""
    from rencheng.adapters.watch_packs import load_packs, read_pack

    packs: Sequence[WatchPack] = (read_pack(file),) if file else load_packs(state)[0]
    rules = [
        rule
        for pack in packs
        for rule in pack.rules
        if rule.id == name or (pack.id == name and not only_one)
    ]
    if not rules:
        raise _unknown(name)
    return rules


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        "rules.none", f"no rule or pack {name!r}", hint="See `rencheng rule list`",
        params={"id": name},
    )  # fmt: skip


def _with_progress(work: Any) -> list[Episode]:
    from rich.progress import Progress

    with Progress(console=speaking.console(is_error=True), transient=True) as bar:
        task = bar.add_task(speaking.words("cli.rule.testing"), total=1.0)
        found: list[Episode] = work(lambda share: bar.update(task, completed=share))
    return found


def _place(text: str, target: Path, *, may_replace: bool) -> None:
    """Put a file where a running service finds it whole or not at all."""
    if target.exists() and not may_replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    draft = target.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)
