"""Calling off: who was told of an alarm is told that it is over, and the alarm ends whether they can be told or not."""

import logging
from collections.abc import Iterable

from gateway.actors import BadId, Stage, UnknownTarget
from gateway.business.alarm.state import AlarmState
from gateway.business.alarm.telling import request_to, shown
from gateway.business.notices import Notice, Recipient

log = logging.getLogger(__name__)


def call_off(stage: Stage[AlarmState], told: Iterable[Recipient], over: Notice, publisher: str) -> None:
    """Tell each recipient that what they were told of is over. Whoever told them may have been taken out of the configuration since."""
    for recipient in told:
        request = request_to(recipient, over, publisher)
        try:
            stage.tell(request.to, request.verb, request.payload)
        except (BadId, UnknownTarget) as error:
            log.warning("%s cannot tell %s that it is over: %s", stage.me, shown(recipient), error)
