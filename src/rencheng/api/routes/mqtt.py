"""The connection to the MQTT broker: how it does, and what could not be taken in."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.mqtt import DeadLetterOut, MqttOut
from rencheng.api.telling import text_out
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Text

router = APIRouter(tags=["mqtt"])


@router.get("/connectors/mqtt")
@needs(Permission.DATA_READ)
def health(brain: BrainDep) -> MqttOut:
    """Return how the connection to the broker does."""
    if brain.mqtt is None:
        return MqttOut(is_on=False)
    found = brain.mqtt.health()
    plain = asdict(found) | {
        name: text_out(said) if isinstance(said := getattr(found, name), Text) else None
        for name in ("problem", "hint", "last_problem")
    }
    return MqttOut(is_on=True, **plain)


@router.get("/connectors/mqtt/letters")
@needs(Permission.DATA_READ)
def letters(brain: BrainDep) -> list[DeadLetterOut]:
    """Return the messages that could not be taken in, the last first, with the reason."""
    found = brain.mqtt.letters() if brain.mqtt is not None else []
    return [
        DeadLetterOut(
            topic=one.topic,
            reason=text_out(one.reason),
            count=one.count,
            first=one.first,
            last=one.last,
            size=one.size,
            body=one.body,
        )
        for one in found
    ]
