"""Who asks: accounts, passwords, sessions of browsers, keys of devices.

Only hashes are kept: Argon2id of passwords, SHA-256 of the random secrets of sessions and tokens
(a 256-bit random secret needs no slow hash).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from rencheng.domain.identity import SYSTEM, Actor
from rencheng.domain.provenance import Mode
from rencheng.domain.run import LIVE_RUN
from rencheng.service.accounts import account_faults
from rencheng.service.attempts import Attempts
from rencheng.service.callers import Caller, actor_of, new_secret, secret_hash
from rencheng.service.keyring import KeyRing
from rencheng.service.ports import Account, Clock, Session, Token, UnitOfWork

SESSION_LIFE = timedelta(hours=12)
"""One shift. No source: our choice."""
SESSION_RENEWAL = timedelta(hours=1)
"""Age at which a session gets a new secret. No source: our choice."""
RENEWAL_GRACE = timedelta(seconds=60)
"""How long the old secret still opens the door, for requests under way."""
HASHES_AT_ONCE = 2
"""Argon2 takes 64 MiB each; more at once would let strangers fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session as handed out: its secret is known now and never again."""

    caller: Caller
    session: Session
    secret: str


@dataclass(slots=True, kw_only=True)
class Identity:
    """Signs people and devices in and out; every change is one transaction with a log line."""

    work: Callable[[], UnitOfWork]
    now: Clock
    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    attempts: Attempts = field(default_factory=Attempts)
    is_demo_allowed: bool = True
    """Whether accounts of the demonstration may be used."""
    _gate: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(HASHES_AT_ONCE))
    _decoy: str = ""
    keys: KeyRing = field(init=False)
    """Keys that were shown lately."""

    def __post_init__(self) -> None:
        """Make the ring over the same store."""
        self.keys = KeyRing(self.work)

    # --- browsers -------------------------------------------------------------------------

    def sign_in(self, username: str, password: str, *, address: str) -> SignedIn:
        """Open a session.

        An unknown name takes as long as a wrong password and gets the same answer.

        Raises
        ------
        NotSignedInError
            If name and password do not belong together.
        TooMuchError
            If there were too many failures from this address or for this name.
        """
        now = self.now()
        self.attempts.must_be_free(username, address, now)
        with self.work() as work:
            account = work.accounts.find(username)
        if not self._is_right(account, password) or account is None:
            self.attempts.failed(username, address, now)
            self._log(SYSTEM, "identity.refused", username[:80], {"address": address})
            raise NotSignedInError(
                "identity.sign_in",
                "name and password do not belong together",
                hint="Check both; capitals count",
            )
        self.attempts.succeeded(username, address)
        with self.work() as work:
            opened = self._open(work, account, now)
            self._record(work, opened.caller.actor, "identity.sign_in", account.id)
            work.commit()
        return opened

    def renew(self, caller: Caller) -> SignedIn | None:
        """Give an older session a new secret; None while it is young."""
        session, now = caller.session, self.now()
        if session is None or now - session.created < SESSION_RENEWAL:
            return None
        with self.work() as work:
            opened = self._open(work, work.accounts.get(session.account), now, csrf=session.csrf)
            work.sessions.replace(replace(session, expires=now + RENEWAL_GRACE))
            work.commit()
        return opened

    def sign_out(self, caller: Caller) -> None:
        """End the session; doing it twice changes nothing."""
        if caller.session is None:
            return
        with self.work() as work:
            session = work.sessions.find(caller.session.id)
            if session is not None and session.expires > self.now():
                work.sessions.replace(replace(session, expires=self.now()))
                self._record(work, caller.actor, "identity.sign_out", caller.actor.id)
            work.commit()

    def caller_of_session(self, secret: str) -> Caller:
        """Return who a session cookie belongs to, or raise `NotSignedInError`."""
        with self.work() as work:
            session = work.sessions.find(secret_hash(secret))
            account = work.accounts.find(session.account) if session else None
        if session is None or account is None or session.expires <= self.now():
            raise _session_over()
        if not self._is_usable(account):
            raise _session_over()
        return Caller(actor=actor_of(account), session=session)

    def caller_of_token(self, secret: str) -> Caller:
        """Return whose key this is, or raise `NotSignedInError`.

        What is looked up is the hash, so how long the look-up takes tells nothing of a key.
        """
        key = secret_hash(secret)
        caller = self.caller_of_key(key)
        self.keys.used(key, self.now())
        return caller

    def caller_of_key(self, key: str) -> Caller:
        """Return whose a key is whose hash is known from an earlier look, or raise as above."""
        seen = self.keys.seen(key)
        caller = seen.caller or self._read_key(key, seen.turn)
        token = caller.token if caller is not None else None
        is_right = token is not None and compare_digest(token.id, key) and self._is_valid(token)
        if caller is None or not is_right:
            raise NotSignedInError(
                "identity.token",
                "the token is unknown, expired or revoked",
                hint="Ask an administrator for a new token",
            )
        return caller

    # --- accounts -------------------------------------------------------------------------

    def add_account(self, account: Account, password: str, *, by: Actor = SYSTEM) -> Account:
        """Keep a new account, or give a disabled one its roles and a password again.

        Raises
        ------
        InvalidInputError
            If id, roles or password break a rule; all faults at once. An empty password makes an
            account that only tokens can use.
        ConflictError
            If an account of this id is in use.
        """
        if faults := account_faults(account, password):
            raise InvalidInputError(
                "identity.account",
                f"the account has {len(faults)} faults",
                hint="Mend them all and try again",
                params={"count": len(faults)},
                faults=faults,
            )
        fresh = replace(account, password_hash=self._hash(password) if password else "")
        with self.work() as work:
            work.lock()
            old = work.accounts.find(account.id)
            if old is not None and old.roles:
                raise ConflictError(
                    "identity.taken",
                    f"account {account.id} exists",
                    hint="Choose another name, or disable the old account first",
                    params={"account": account.id},
                )
            if old is None:
                work.accounts.add(fresh)
            else:
                fresh = work.accounts.replace(replace(fresh, version=old.version))
            roles = ", ".join(account.roles)
            self._record(work, by, "identity.account_added", account.id, {"roles": roles})
            work.commit()
        self.keys.forget()
        return fresh

    def disable_account(self, account: str, *, by: Actor = SYSTEM) -> None:
        """Take roles and password away; open sessions and tokens stop working with it."""
        with self.work() as work:
            work.lock()
            old = work.accounts.get(account)
            work.accounts.replace(replace(old, roles=(), password_hash=""))
            self._record(work, by, "identity.account_disabled", account)
            work.commit()
        self.keys.forget()

    def set_password(self, account: str, password: str, *, by: Actor = SYSTEM) -> None:
        """Change a password."""
        with self.work() as work:
            old = work.accounts.get(account)
        if faults := account_faults(old, password):
            raise InvalidInputError(
                "identity.account",
                "the password is too weak",
                hint="Choose a longer one",
                params={"count": len(faults)},
                faults=faults,
            )
        fresh = self._hash(password)
        with self.work() as work:
            work.accounts.replace(replace(old, password_hash=fresh))
            self._record(work, by, "identity.password", account)
            work.commit()

    def accounts(self) -> list[Account]:
        """Return every account."""
        with self.work() as work:
            return sorted(work.accounts.list(""), key=lambda account: account.id)

    # --- keys of devices ------------------------------------------------------------------

    def create_token(
        self,
        account: str,
        name: str,
        *,
        datastreams: Sequence[str] = (),
        life: timedelta | None = None,
        rate: int = 0,
        by: Actor = SYSTEM,
    ) -> tuple[str, Token]:
        """Make a key for an account; its secret is returned here and never again.

        `rate` is how many requests a minute it may make, 0: as many as any.
        """
        secret, now = new_secret(), self.now()
        if rate < 0:
            raise InvalidInputError(
                "identity.token_rate",
                f"{rate} requests a minute is no rate",
                hint="Give a number from 1 on, or leave it out",
                params={"rate": rate},
            )
        with self.work() as work:
            work.lock()
            if not work.accounts.get(account).roles:
                raise ConflictError(
                    "identity.disabled",
                    f"account {account} is disabled",
                    hint="Add the account again first",
                    params={"account": account},
                )
            token = Token(
                id=secret_hash(secret),
                account=account,
                name=name,
                datastreams=tuple(datastreams),
                created=now,
                expires=now + life if life else None,
                revoked=None,
                rate=rate,
            )
            work.tokens.add(token)
            self._record(work, by, "identity.token_made", account, {"name": name})
            work.commit()
        return secret, token

    def tokens(self) -> list[Token]:
        """Return every token (without its secret, which nobody knows)."""
        with self.work() as work:
            return work.tokens.list("")

    def revoke_token(self, start: str, *, by: Actor = SYSTEM) -> Token:
        """End a token, named by the first characters of its id or by its name."""
        hits = [t for t in self.tokens() if t.id.startswith(start) or t.name == start]
        if len(hits) != 1 or not start:
            raise NotFoundError(
                "identity.which_token",
                f"{len(hits)} tokens answer to {start!r}",
                hint="Name one by its id, as `rencheng token list` shows it",
                params={"count": len(hits), "name": start},
            )
        with self.work() as work:
            token = work.tokens.replace(replace(hits[0], revoked=self.now()))
            self._record(work, by, "identity.token_revoked", token.account, {"name": token.name})
            work.commit()
        self.keys.forget()
        return token

    # --- inside ---------------------------------------------------------------------------

    def _open(self, work: UnitOfWork, account: Account, now: datetime, csrf: str = "") -> SignedIn:
        secret = secrets.token_urlsafe(32)
        session = Session(
            id=secret_hash(secret),
            account=account.id,
            csrf=csrf or secrets.token_urlsafe(32),
            created=now,
            expires=now + SESSION_LIFE,
        )
        work.sessions.add(session)
        caller = Caller(actor=actor_of(account), session=session)
        return SignedIn(caller=caller, session=session, secret=secret)

    def _read_key(self, key: str, turn: int) -> Caller | None:
        """Return what the store says of a key, and remember it unless it is good for nothing."""
        with self.work() as work:
            token = work.tokens.find(key)
            account = work.accounts.find(token.account) if token else None
        if token is None or account is None or not self._is_usable(account):
            return None
        actor = actor_of(account)
        if token.device:
            actor = replace(actor, id=f"{account.id}/{token.device}", name=token.name)
        caller = Caller(actor=actor, token=token)
        self.keys.keep(key, caller, turn)
        return caller

    def _is_usable(self, account: Account) -> bool:
        return bool(account.roles) and (self.is_demo_allowed or not account.is_demo)

    def _is_valid(self, token: Token) -> bool:
        return token.revoked is None and (token.expires is None or token.expires > self.now())

    def _is_right(self, account: Account | None, password: str) -> bool:
        """Compare in the same time, whether or not the account exists."""
        if not self._decoy:
            self._decoy = self._hash(secrets.token_urlsafe(16))
        is_real = account is not None and bool(account.password_hash) and self._is_usable(account)
        kept = account.password_hash if account is not None and is_real else self._decoy
        with self._gate:
            try:
                self.hasher.verify(kept, password)
            except (VerificationError, InvalidHashError):
                return False
        return is_real

    def _hash(self, password: str) -> str:
        with self._gate:
            return self.hasher.hash(password)

    def _log(
        self, actor: Actor, action: str, subject: str, params: dict[str, str | int | float]
    ) -> None:
        with self.work() as work:
            self._record(work, actor, action, subject, params)
            work.commit()

    def _record(
        self,
        work: UnitOfWork,
        actor: Actor,
        action: str,
        subject: str,
        params: dict[str, str | int | float] | None = None,
    ) -> None:
        now = self.now()
        work.log.append(
            actor=actor.id,
            action=action,
            subject=subject,
            params={"account": subject, **(params or {})},
            at=now,
            sim_at=now,
            mode=Mode.LIVE,
            run=LIVE_RUN,
        )


def _session_over() -> NotSignedInError:
    return NotSignedInError(
        "identity.session", "the session is over or unknown", hint="Sign in again"
    )
