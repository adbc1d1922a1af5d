"""Payloads: what a message of somebody else's device becomes, by the codec and the table of values of its subscription.

A report is made of the fields that the codec finds; under any other verb the fields are the payload.
"""

from typing import Any

from devices.codecs.choice import codec_of
from devices.codecs.framing import BadFrame, decoded
from devices.codecs.message_settings import REPORT
from devices.codecs.reports import MappedReports, Remark, report_of
from devices.mqtt.settings import Subscription
from gateway.actors import BadPayload
from gateway.actors.vocabulary import Report

EMPTY = Remark("empty")
"""Of a message without a payload, by which a value is cleared that the broker has kept: it is no report, and nothing is wrong with it."""
_MAX_DEPTH = 16


def unreadable(error: BadFrame) -> BadPayload:
    """The error of a payload that a codec could not read."""
    return BadPayload(str(error).replace("a JSON line", "the payload as JSON", 1))


class PayloadReader:
    """Reads the messages of one subscription. On its connection's thread."""

    def __init__(self, subscription: Subscription) -> None:
        self._codec = codec_of(subscription.codec, {"max_depth": _MAX_DEPTH})
        self._reports = subscription.sends == REPORT
        mapped = subscription.values or subscription.unmapped == "ignore"
        self._mapped = MappedReports(subscription.values, unmapped=subscription.unmapped == "take") if mapped else None
        self._remarks: list[Remark] = []

    def read(self, payload: bytes, *, name: str, value: str) -> Report | dict[str, Any] | None:
        """Read one message; return None where it says nothing. Raises BadPayload.

        `name` is the real name of its device, where that cannot stand in an id; `value` is what its one value is called, where that is not
        for the codec to say.
        """
        self.take_remarks()  # of one that was read before, and had to wait
        if self._reports and not payload:
            self._remarks.append(EMPTY)
            return None
        try:
            fields = decoded(self._codec.decode, payload)
            if not fields:
                return None
            if value and len(fields) == 1:
                fields = {value: next(iter(fields.values()))}
            return self._report(fields, name) if self._reports else fields
        except BadFrame as error:
            raise unreadable(error) from None

    def take_remarks(self) -> list[Remark]:
        """Take what is to be said of the values of the message that was read last."""
        remarks, self._remarks = self._remarks, []
        return remarks if self._mapped is None else remarks + self._mapped.take_remarks()

    def _report(self, fields: dict[str, Any], name: str) -> Report | None:
        return report_of(fields, name=name, remarks=self._remarks) if self._mapped is None else self._mapped.of(fields, name=name)
