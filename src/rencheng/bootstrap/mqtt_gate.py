"""Who may say what over MQTT: the rights of a key, now and as long as it is connected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rencheng.adapters.bus.nats.doorman import INBOX
from rencheng.adapters.bus.nats.guests import Rights
from rencheng.connectors.mqtt.templates import topic_for
from rencheng.connectors.mqtt.topics import CREATE, topics_of
from rencheng.domain.errors import NotAllowedError, NotSignedInError
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Mode

if TYPE_CHECKING:
    from rencheng.connectors.mqtt.mapping import MqttMapping
    from rencheng.service.callers import Caller
    from rencheng.service.identity import Identity


class KeyGate:
    """Lets in whoever shows the key of an account, with the rights of that key."""

    def __init__(self, identity: Identity, mapping: MqttMapping) -> None:
        self._identity, self._mapping = identity, mapping

    def rights(self, name: str, password: str) -> Rights:
        """Return the rights of an account and its key.

        Raises
        ------
        NotSignedInError
            When there is no such key.
        NotAllowedError
            When it is another account's, or good for nothing here.
        """
        turn = self.turn()
        caller = self._identity.caller_of_token(password)
        if caller.actor.id != name:
            raise NotAllowedError(
                "mqtt.other_account",
                f"the key belongs to another account than {name!r}",
                hint="Give the account as the user and its key as the password",
                params={"account": name[:80]},
            )
        return replace(rights_of(caller, self._mapping), turn=turn)

    def turn(self) -> int:
        """Return a number that grows whenever an account or a key has changed."""
        return self._identity.keys.turn()

    def holds(self, rights: Rights) -> bool:
        """Return whether the key still gives just these rights."""
        try:
            caller = self._identity.caller_of_key(rights.key)
            return rights_of(caller, self._mapping) == rights
        except (NotSignedInError, NotAllowedError):
            return False


def rights_of(caller: Caller, mapping: MqttMapping) -> Rights:
    """Return the topics of a key: what is not named here is denied.

    A device writes its datastreams' topics; a key bound to none, all of them and those of the
    mapping file. Whoever may read data may subscribe to what was taken in.

    Raises
    ------
    NotAllowedError
        When the key is good for nothing here.
    """
    actor, token = caller.actor, caller.token
    publish: list[str] = []
    if Permission.INGEST in actor.permissions:
        actor.must_write_to(Mode.LIVE)
        bound = token.datastreams if token is not None else ()
        if bound:
            publish = [topic for stream in bound for topic in topics_of(stream)]
            publish += [f"{INBOX}/{topic}" for topic in publish]
            publish += [t for stream in bound for t in _own_topics(mapping, stream)]
        else:
            publish = [*CREATE, *(f"{INBOX}/{topic}" for topic in CREATE)]
            publish += [rule.pattern for rule in mapping.topics]
    reads = bool(actor.permissions & {Permission.DATA_READ, Permission.SITUATION_READ})
    subscribe = ("v1.1", "v1.1/#") if reads else ()
    if not publish and not subscribe:
        raise NotAllowedError(
            "mqtt.no_rights",
            f"{actor.id} may neither send nor read values",
            hint="Use a key of an account of role device",
            params={"account": actor.id},
        )
    return Rights(
        name=actor.id,
        publish=tuple(dict.fromkeys(publish)),
        subscribe=subscribe,
        key=token.id if token is not None else "",
        expires=token.expires if token is not None else None,
    )


def _own_topics(mapping: MqttMapping, stream: str) -> list[str]:
    """Return the topics of a mapping that can only be a certain datastream's."""
    found = []
    for rule in mapping.topics:
        topics = {topic_for(rule.pattern, value.datastream, stream) for value in rule.values}
        if len(topics) == 1 and (topic := topics.pop()):
            found.append(topic)
    return found
