"""A command that cannot be read: what is wrong, what was meant, where it is said; in Chinese."""

from __future__ import annotations

import pytest

from rencheng import cli

RUN = "risk run --assets a.csv --curves jrc --out o --measure m --currency CNY --year 2024"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("risk rnu", ("没有命令“rnu”", "“run”", "rencheng risk --help")),
        ("--hlep", ("没有选项“--hlep”", "“--help”", "rencheng --help")),
        ("curve list --fnd x", ("没有选项“--fnd”", "“--find”", "rencheng curve list --help")),
        ("curve list power", ("多余的内容“power”",)),
        ("curve list extra", ("多余的内容“extra”", "rencheng curve list --help")),
        ("curve list --find", ("“--find”后面缺少值", "rencheng curve list --help")),
        (f"{RUN} --evnts e.csv", ("缺少“--events”", "是否想输入“--events”")),
        ("serve --port abc", ("“--port”不能是“abc”", "整数")),
        ("serve --port 1 --port 2", ("“--port”重复给出",)),
        ("rule test x --quantity watr_level", ("“--quantity”不能是", "是否想输入“water-level”")),
        ("rule test x --from soon", ("“--from”不能是“soon”", "2026-03-01T08:00")),
    ],
)
def test_a_command_that_cannot_be_read_says_why_and_what_was_meant(
    typed: str, said: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*typed.split(), "--lang", "zh"])
    told = capsys.readouterr().err
    assert left.value.code
    assert [part for part in said if part not in told] == []


def test_it_is_said_in_english_to_who_asks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["risk", "rnu", "--lang", "en"])
    told = capsys.readouterr().err
    assert "There is no command “rnu”" in told
    assert "Did you mean “run”?" in told


@pytest.mark.parametrize("command", [[], ["curve"], ["curve", "list"], ["risk", "run"]])
def test_help_names_its_parts_in_chinese_first(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main([*command, "--help"])
    told = capsys.readouterr().out
    assert "命令 Commands" in told or "选项 Options" in told
    assert "Display" not in told
