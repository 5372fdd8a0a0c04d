"""`rencheng user`, `token`, `log`, `openapi`: what the command line promises."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest

from rencheng import cli
from rencheng.bootstrap import STORE_FILE, demo_accounts, demo_logins, open_identity
from rencheng.cli.speaking import console
from rencheng.domain.errors import NotSignedInError
from rencheng.service.keyring import FRESH_S

SECRET = "correct horse battery"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command on a temporary state: exit code, output, complaints."""

    def run(*words: str, typed: str = SECRET, lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        console.cache_clear()
        try:
            cli.main([*words, "--state", str(tmp_path), "--lang", lang])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def add(run: Run, name: str = "li", *more: str) -> tuple[int, str, str]:
    return run("user", "add", name, "--role", "commander", "--password-stdin", *more)


def test_an_account_can_sign_in_until_it_is_disabled(run: Run, tmp_path: Path) -> None:
    assert add(run)[0] == 0
    identity, store = open_identity(tmp_path)
    assert identity.sign_in("li", SECRET, address="here").caller.actor.id == "li"
    assert run("user", "disable", "li")[0] == 0
    with pytest.raises(NotSignedInError):
        identity.sign_in("li", SECRET, address="here")
    store.close()
    assert "disabled" in run("user", "list")[1]


def test_a_password_is_never_an_argument(run: Run) -> None:
    assert run("user", "add", "li", "--role", "commander", "--password", SECRET)[0] != 0


@pytest.mark.parametrize(("lang", "says"), [("zh", "已存在"), ("en", "exists already")])
def test_complaints_are_in_the_chosen_language(run: Run, lang: str, says: str) -> None:
    add(run)
    code, _, complaint = run(
        "user", "add", "li", "--role", "commander", "--password-stdin", lang=lang
    )
    assert code == 1 and says in complaint


def test_all_faults_of_an_account_are_named(run: Run) -> None:
    code, _, complaint = run("user", "add", "a b", "--role", "king", "--password-stdin", typed="x")
    assert code == 1
    assert all(f"· {where}:" in complaint for where in ("id", "roles", "password"))


def test_a_key_is_shown_once_and_can_be_ended(run: Run, tmp_path: Path) -> None:
    run("user", "add", "gauge", "--role", "device", "--no-password")
    _, said, _ = run("token", "create", "gauge", "--name", "tide", "--stream", "tide-1")
    secret = said.strip().splitlines()[-1]
    identity, store = open_identity(tmp_path)
    token = identity.caller_of_token(secret).token
    assert token is not None and token.datastreams == ("tide-1",)
    assert secret not in run("token", "list")[1]
    assert run("token", "revoke", "tide")[0] == 0
    sleep(FRESH_S)  # the command is another program to this one
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)
    store.close()


def test_a_forged_log_is_found_out(run: Run, tmp_path: Path) -> None:
    add(run)
    assert run("log", "verify")[0] == 0
    with sqlite3.connect(tmp_path / STORE_FILE) as forger:
        names = forger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            forger.execute(f"DROP TRIGGER {name}")
        forger.execute("UPDATE log SET actor = 'nobody' WHERE seq = 1")
    forger.close()
    code, said, _ = run("log", "verify")
    assert code == 1 and "line 1" in said


def test_demo_passwords_are_random_private_and_kept(tmp_path: Path) -> None:
    identity, store = open_identity(tmp_path)
    names = demo_accounts(identity, tmp_path)
    logins = demo_logins(tmp_path)
    assert set(logins) == set(names) and len(set(logins.values())) == len(names)
    assert (tmp_path / "demo-logins.txt").stat().st_mode & 0o777 == 0o600
    assert demo_accounts(identity, tmp_path) == names and demo_logins(tmp_path) == logins
    assert identity.sign_in("duty", logins["duty"], address="here")
    identity.is_demo_allowed = False
    with pytest.raises(NotSignedInError):
        identity.sign_in("duty", logins["duty"], address="here")
    store.close()


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["openapi"])
    schema = json.loads(capsys.readouterr().out)
    assert "/api/v1/situation" in schema["paths"]
    assert {"LiveEvent", "ProblemOut", "ObservationsIn"} <= schema["components"]["schemas"].keys()


def test_a_log_whose_end_was_cut_off_is_found_out_by_a_head_kept_outside(
    run: Run, tmp_path: Path
) -> None:
    add(run)
    head = run("log", "verify")[1].split()[-1]
    assert run("log", "verify", "--head", head)[0] == 0
    with closing(sqlite3.connect(tmp_path / STORE_FILE)) as file:
        for (name,) in file.execute("select name from sqlite_master where type = 'trigger'"):
            file.execute(f"drop trigger {name}")
        file.execute("delete from log where seq = (select max(seq) from log)")
        file.commit()
    code, said, _ = run("log", "verify", "--head", head)
    assert code == 1 and head in said


@pytest.mark.parametrize("words", [("log", "verify"), ("user", "list"), ("token", "list")])
def test_reading_makes_no_state_by_mistake(run: Run, tmp_path: Path, words: tuple[str]) -> None:
    code, _, complaint = run(*words)
    assert code == 1 and str(tmp_path) in complaint
    assert not (tmp_path / STORE_FILE).exists()


def test_the_environment_names_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENCHENG_STATE", str(tmp_path / "elsewhere"))
    console.cache_clear()
    with pytest.raises(SystemExit):
        cli.main(["log", "verify", "--lang", "en"])
    assert "elsewhere" in capsys.readouterr().err
