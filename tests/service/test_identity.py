"""Accounts, passwords, sessions, tokens: what is promised to those who sign in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from rencheng.adapters.store import open_store
from rencheng.adapters.store.opening import Store
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooMuchError,
)
from rencheng.service.attempts import FREE_FAILURES, Rate
from rencheng.service.callers import secret_hash
from rencheng.service.identity import SESSION_LIFE, SESSION_RENEWAL, Identity
from rencheng.service.ports import Account

NOW = datetime(2024, 7, 20, 8, tzinfo=UTC)
PASSWORD = "correct horse battery"
LI = Account(
    id="li",
    name="李",
    organisation="emergency",
    roles=("duty_officer",),
    language="zh-CN",
    password_hash="",
    is_demo=False,
)


class Wall:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "state.sqlite")
    yield store
    store.close()


@pytest.fixture
def identity(store: Store, wall: Wall) -> Identity:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    identity = Identity(work=store, now=wall, hasher=weak)
    identity.add_account(LI, PASSWORD)
    return identity


def sign_in(identity: Identity, password: str = PASSWORD, name: str = "li") -> str:
    return identity.sign_in(name, password, address="10.0.0.1").secret


def test_a_session_is_known_by_its_secret(identity: Identity) -> None:
    caller = identity.caller_of_session(sign_in(identity))
    assert (caller.actor.id, caller.actor.roles) == ("li", {"duty_officer"})


def test_no_secret_and_no_password_is_kept(
    identity: Identity, store: Store, tmp_path: Path
) -> None:
    session = sign_in(identity)
    token, kept = identity.create_token("li", "gauge")
    store.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert kept.id.encode() in written
    for secret in (session, token, PASSWORD):
        assert secret.encode() not in written


@pytest.mark.parametrize(("name", "password"), [("li", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_wrong_name_and_wrong_password_get_one_answer(
    identity: Identity, name: str, password: str
) -> None:
    with pytest.raises(NotSignedInError) as caught:
        sign_in(identity, password, name)
    assert caught.value.key == "identity.sign_in"
    assert caught.value.params == {}


def test_many_failures_make_the_next_one_wait(identity: Identity, wall: Wall) -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotSignedInError):
            sign_in(identity, "wrong")
    with pytest.raises(TooMuchError):
        sign_in(identity)
    wall.now += timedelta(minutes=1)
    assert sign_in(identity)


def test_failures_of_a_quiet_hour_ago_are_forgotten(identity: Identity, wall: Wall) -> None:
    for _ in range(3 * FREE_FAILURES):
        with pytest.raises(NotSignedInError):
            sign_in(identity, "wrong")
        wall.now += timedelta(hours=2)
    assert sign_in(identity)


def test_a_stranger_cannot_lock_a_person_out(identity: Identity) -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotSignedInError):
            identity.sign_in("li", "wrong", address="6.6.6.6")
    assert sign_in(identity)


def test_a_session_ends_with_the_shift(identity: Identity, wall: Wall) -> None:
    secret = sign_in(identity)
    wall.now += SESSION_LIFE
    with pytest.raises(NotSignedInError):
        identity.caller_of_session(secret)


def test_a_session_ends_with_signing_out(identity: Identity) -> None:
    secret = sign_in(identity)
    identity.sign_out(identity.caller_of_session(secret))
    with pytest.raises(NotSignedInError):
        identity.caller_of_session(secret)


def test_an_older_session_gets_a_new_secret(identity: Identity, wall: Wall) -> None:
    old = sign_in(identity)
    assert identity.renew(identity.caller_of_session(old)) is None
    wall.now += SESSION_RENEWAL
    renewed = identity.renew(identity.caller_of_session(old))
    assert renewed is not None and renewed.secret != old
    wall.now += timedelta(minutes=2)
    assert identity.caller_of_session(renewed.secret).actor.id == "li"
    with pytest.raises(NotSignedInError):
        identity.caller_of_session(old)


def test_disabling_an_account_closes_every_door(identity: Identity) -> None:
    session, (token, _) = sign_in(identity), identity.create_token("li", "gauge")
    identity.disable_account("li")
    for door in (
        lambda: identity.caller_of_session(session),
        lambda: identity.caller_of_token(token),
        lambda: sign_in(identity),
    ):
        with pytest.raises(NotSignedInError):
            door()
    identity.add_account(LI, PASSWORD)
    assert sign_in(identity)


def test_a_new_password_replaces_the_old_one(identity: Identity) -> None:
    identity.set_password("li", "another long one")
    with pytest.raises(NotSignedInError):
        sign_in(identity)
    assert sign_in(identity, "another long one")


def test_a_token_stops_when_revoked(identity: Identity) -> None:
    secret, token = identity.create_token("li", "gauge", datastreams=("tide-1",))
    assert identity.caller_of_token(secret).token == token
    identity.revoke_token(secret_hash(secret)[:12])
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


def test_a_token_stops_at_its_end(identity: Identity, wall: Wall) -> None:
    secret, _ = identity.create_token("li", "gauge", life=timedelta(days=1))
    wall.now += timedelta(days=1)
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


def test_an_unclear_token_name_revokes_nothing(identity: Identity) -> None:
    secrets = [identity.create_token("li", "gauge")[0] for _ in range(2)]
    for name in ("gauge", "", "nothing"):
        with pytest.raises(NotFoundError):
            identity.revoke_token(name)
    assert all(identity.caller_of_token(secret) for secret in secrets)


def test_all_faults_of_an_account_are_named_at_once(identity: Identity) -> None:
    bad = replace(LI, id="a b", roles=("king",))
    with pytest.raises(InvalidInputError) as caught:
        identity.add_account(bad, "short")
    assert {fault.where for fault in caught.value.faults} == {"id", "roles", "password"}


def test_a_name_is_given_once(identity: Identity) -> None:
    with pytest.raises(ConflictError):
        identity.add_account(LI, PASSWORD)


def test_every_step_stands_in_the_log(identity: Identity, store: Store) -> None:
    identity.sign_out(identity.caller_of_session(sign_in(identity)))
    with pytest.raises(NotSignedInError):
        sign_in(identity, "wrong")
    with store() as work:
        actions = [line.action for line in work.log.lines("live")]
    assert actions == [
        "identity.refused",
        "identity.sign_out",
        "identity.sign_in",
        "identity.account_added",
    ]


def test_a_rate_is_for_each_key_and_comes_back() -> None:
    rate = Rate(2, timedelta(seconds=10))
    for _ in range(2):
        rate.take("a", NOW)
    rate.take("b", NOW)
    with pytest.raises(TooMuchError):
        rate.take("a", NOW)
    rate.take("a", NOW + timedelta(seconds=10))
