"""Keys at hand: cheap to show again, and never good for longer than they are."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rencheng.adapters.store import open_store
from rencheng.adapters.store.opening import Store
from rencheng.domain.errors import InvalidInputError, NotSignedInError, TooMuchError
from rencheng.service.attempts import Rate
from rencheng.service.identity import Identity
from rencheng.service.keyring import COARSE, FRESH_S, KEPT, KeyRing
from rencheng.service.ports import Account, UnitOfWork

NOW = datetime(2024, 7, 20, 8, tzinfo=UTC)
GAUGE = Account(
    id="gauge",
    name="gauge",
    organisation="",
    roles=("device",),
    language="en",
    password_hash="",
    is_demo=False,
)


class Hands:
    """A wall clock, a steady clock and a count of looks into the store, for a test to turn."""

    def __init__(self, store: Store) -> None:
        self.store, self.now, self.steady, self.looks = store, NOW, 0.0, 0

    def work(self) -> UnitOfWork:
        self.looks += 1
        return self.store()


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    store = open_store(tmp_path / "rencheng.sqlite")
    yield Hands(store)
    store.close()


@pytest.fixture
def identity(hands: Hands) -> Identity:
    made = Identity(work=hands.work, now=lambda: hands.now)
    made.keys = KeyRing(hands.work, clock=lambda: hands.steady)
    made.add_account(GAUGE, "")
    return made


def test_a_key_shown_again_costs_no_look_into_the_store(identity: Identity, hands: Hands) -> None:
    secret, _ = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    before = hands.looks
    for _ in range(1000):
        identity.caller_of_token(secret)
    assert hands.looks == before


def test_five_thousand_keys_a_second_leave_the_machine_its_time(identity: Identity) -> None:
    keys = [identity.create_token("gauge", f"k{i}")[0] for i in range(50)]
    for secret in keys:
        identity.caller_of_token(secret)
    start = time.process_time()
    for i in range(5000):
        identity.caller_of_token(keys[i % 50])
    assert time.process_time() - start < 0.5


def test_a_key_ends_at_once_when_it_is_revoked_here(identity: Identity) -> None:
    secret, token = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    identity.revoke_token(token.id)
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


def test_a_key_at_hand_ends_at_its_time(identity: Identity, hands: Hands) -> None:
    secret, _ = identity.create_token("gauge", "one", life=timedelta(hours=1))
    identity.caller_of_token(secret)
    hands.now += timedelta(hours=1)
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


def test_roles_taken_away_close_the_door_at_once(identity: Identity) -> None:
    secret, _ = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    identity.disable_account("gauge")
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


@pytest.mark.parametrize("command", [("token", "revoke", "one"), ("user", "disable", "gauge")])
def test_another_program_ends_a_key_within_a_second(
    identity: Identity, hands: Hands, tmp_path: Path, command: tuple[str, ...]
) -> None:
    secret, _ = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    program = [sys.executable, "-m", "rencheng", *command, "--state", str(tmp_path)]
    subprocess.run(program, check=True, capture_output=True)
    hands.steady += FRESH_S
    with pytest.raises(NotSignedInError):
        identity.caller_of_token(secret)


def test_what_was_read_before_a_change_is_not_kept_after_it(
    identity: Identity, hands: Hands
) -> None:
    secret, token = identity.create_token("gauge", "one")
    caller, turn = identity.caller_of_token(secret), identity.keys.seen(token.id).turn
    identity.revoke_token(token.id)
    identity.keys.keep(token.id, caller, turn)
    assert identity.keys.seen(token.id).caller is None


def test_the_ring_is_bounded(identity: Identity) -> None:
    secret, token = identity.create_token("gauge", "one")
    caller = identity.caller_of_token(secret)
    turn = identity.keys.seen(token.id).turn
    for i in range(KEPT):
        identity.keys.keep(f"other {i}", caller, turn)
    assert identity.keys.seen(token.id).caller is None
    assert identity.keys.seen(f"other {KEPT - 1}").caller is caller


def test_the_last_use_is_known_to_some_minutes_and_written_seldom(
    identity: Identity, hands: Hands
) -> None:
    secret, token = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    assert identity.keys.uses() == {token.id: NOW}
    assert identity.keys.note() == 1
    hands.now += COARSE / 2
    identity.caller_of_token(secret)
    assert identity.keys.note() == 0
    hands.now += COARSE
    identity.caller_of_token(secret)
    assert (identity.keys.note(), identity.keys.uses()) == (1, {token.id: hands.now})


def test_noting_a_use_does_not_empty_the_ring(identity: Identity, hands: Hands) -> None:
    secret, token = identity.create_token("gauge", "one")
    identity.caller_of_token(secret)
    hands.steady += FRESH_S
    identity.caller_of_token(secret)
    identity.keys.note()
    hands.steady += FRESH_S
    assert identity.keys.seen(token.id).caller is not None


def test_a_key_may_have_a_rate_of_its_own(identity: Identity) -> None:
    assert identity.create_token("gauge", "one", rate=2)[1].rate == 2
    rate = Rate(3000, timedelta(minutes=1))
    for _ in range(2):
        rate.take("key", NOW, limit=2)
    with pytest.raises(TooMuchError):
        rate.take("key", NOW, limit=2)
    with pytest.raises(InvalidInputError):
        identity.create_token("gauge", "two", rate=-1)
