"""Shows a warning inside the house. Drills and replays may use it."""

from __future__ import annotations

from rencheng.domain.errors import InvalidInputError
from rencheng.service.ports import Delivery


class ConsoleChannel:
    """The console reads the delivery itself from the store; there is nothing to carry."""

    name = "console"
    is_live = False

    def send(self, delivery: Delivery) -> None:
        """Take a message; one without a text shows nothing and is refused."""
        if not delivery.payload:
            raise InvalidInputError(
                "notify.empty", f"delivery {delivery.id} has no text", hint="Send the warning again"
            )
