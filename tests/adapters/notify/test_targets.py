"""channels.toml: none without the file, every fault at once, secrets for the owner only."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.adapters.notify.webhook.targets import FILE, read_targets
from rencheng.domain.errors import InvalidInputError

GOOD = '[webhook.radio]\nurl = "https://radio.example/cap"\nsecret = "0123456789abcdef"\n'


def write(state: Path, text: str, mode: int = 0o600) -> None:
    (state / FILE).write_text(text, encoding="utf-8")
    (state / FILE).chmod(mode)


def test_without_a_file_nobody_outside_is_told(tmp_path: Path) -> None:
    assert read_targets(tmp_path) == {}


def test_a_subscriber_has_an_address_and_a_secret_that_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    target = read_targets(tmp_path)["radio"]
    assert target.url == "https://radio.example/cap"
    assert "0123" not in repr(target)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, '[webhook.a]\nurl = "radio"\nsecret = "short"\n', 0o644)
    with pytest.raises(InvalidInputError) as caught:
        read_targets(tmp_path)
    assert [one.key for one in caught.value.faults] == [
        "channels.mode", "channels.url", "channels.secret",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[webhook", 'webhook = "x"'])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(InvalidInputError, match=FILE):
        read_targets(tmp_path)


def test_alarms_go_only_to_who_asks_for_them(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "alarms = true\n" + GOOD.replace("radio", "tv"))
    found = read_targets(tmp_path)
    assert {name: one.takes_alarms for name, one in found.items()} == {"radio": True, "tv": False}
    write(tmp_path, GOOD + 'alarms = "yes"\n')
    with pytest.raises(InvalidInputError) as caught:
        read_targets(tmp_path)
    assert caught.value.faults[0].key == "channels.alarms"
