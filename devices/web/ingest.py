"""Ingest: what devices and programs post to this gateway, read by a codec as a line of a serial port is, and on disk before it is answered.

[web.in.scales]
to = "twin/{device}"
values = {weight_kg = "g"}

curl -d '{"device": "kitchen", "g": 512}' http://127.0.0.1:8080/api/in/scales
"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.addresses import AddressTemplate
from devices.codecs.choice import codec_of
from devices.codecs.codec import Fields
from devices.codecs.framing import BadFrame, decoded
from devices.codecs.message_settings import REPORT
from devices.codecs.reports import MappedReports, Remark, report_of
from devices.codecs.text import Text
from devices.web.problems import HttpProblem
from devices.web.replies import KEY
from devices.web.routing import act
from devices.web.settings import IngestSettings
from gateway.actors import GatewayError, Inbound, Payload, Refused
from gateway.actors.vocabulary import TextLine

_MAX_DEPTH = 16
_COMMIT_S = 30.0


class Entrance:
    """One `[web.in.NAME]`: what is posted there becomes messages. On the server's loop."""

    def __init__(self, settings: IngestSettings) -> None:
        self.settings = settings
        self._codec = codec_of(settings.codec, {"max_depth": _MAX_DEPTH})
        self._address = AddressTemplate(settings.to)
        mapped = settings.values or settings.unmapped == "ignore"
        self._mapped = MappedReports(settings.values, unmapped=settings.unmapped == "take") if mapped else None
        self.remarks: list[Remark] = []

    def read(self, body: bytes) -> list[Inbound]:
        """The messages that a body makes: mostly one. Raises BadFrame."""
        if not self.settings.reads:
            return [Inbound(self.settings.to, self.settings.sends, body)]
        return [message for fields in decoded(self._codec.read, body) if (message := self._message(fields, len(body)))]

    def _message(self, fields: Fields, size: int) -> Inbound | None:
        to = self._address.of(fields)
        payload = self._report(fields, to) if self.settings.sends == REPORT else self._plain(fields)
        return None if payload is None else Inbound(to, self.settings.sends, payload, size=256 + size)

    def _plain(self, fields: Fields) -> Payload | Fields:
        return TextLine(text=fields["text"]) if type(self._codec) is Text else fields

    def _report(self, fields: Fields, to: str) -> Payload | None:
        name = self._address.names.get(to, "")
        if len(fields) == 1 and self.settings.value and self._mapped is None:
            fields = {self.settings.value: next(iter(fields.values()))}
        if self._mapped is None:
            return report_of(fields, without=self._address.fields, name=name, remarks=self.remarks)
        report = self._mapped.of(fields, without=self._address.fields, name=name)
        self.remarks += self._mapped.take_remarks()
        return report


async def take(request: Request) -> Response:
    """Take what is posted, and answer when it is on disk."""
    name = request.path_params["name"]
    entrance = request.app.entrances.get(name)
    if entrance is None:
        known = ", ".join(sorted(request.app.entrances)) or "none"
        raise HttpProblem("not_found", f"there is no [web.in.{name[:100]}]: there is {known}")
    body, key = await request.body(), request.headers.get(KEY, "")
    try:
        messages = entrance.read(body)
    except BadFrame as error:
        raise HttpProblem("bad_body", str(error).replace("a JSON line", "the body", 1).replace("a line", "the body", 1)) from None
    finally:
        for remark in entrance.remarks:
            request.app.door.host.count(remark.counter)
        entrance.remarks.clear()
    return JSONResponse({"taken": len(messages), "duplicate": await _brought(request, messages, key, body, name)}, 202)


async def _brought(request: Request, messages: list[Inbound], key: str, body: bytes, scope: str) -> bool:
    """Bring messages in, and wait until all are on disk; return whether they were before. Raises HttpProblem."""
    door = request.app.door
    if not messages:
        return False
    if door.host.quiet:
        raise HttpProblem("closing", "the gateway is closing: send it again when it is back")
    duplicates: list[bool] = []
    all_there = asyncio.Event()

    def there(duplicate: bool) -> None:
        duplicates.append(duplicate)
        if len(duplicates) == len(messages):
            all_there.set()

    hear = door.calling(there)
    made = [
        one._replace(
            id=f"{key}{f'#{place}' if place else ''}" if key else "",
            content=body if key else b"",
            scope=scope,
            on_commit=lambda receipt: hear(receipt.duplicate),
        )
        for place, one in enumerate(messages)
    ]
    try:
        refused = door.host.send_all(made, wait=False)
    except GatewayError as error:
        raise HttpProblem("bad_payload", str(error)) from None
    if refused:
        why = refused[0].error
        raise HttpProblem("busy" if isinstance(why, Refused) else "bad_payload", str(why))
    try:
        async with asyncio.timeout(_COMMIT_S):
            await all_there.wait()
    except TimeoutError:
        raise HttpProblem("outcome_unknown", f"it was not on disk within {_COMMIT_S:g} s: send it again with the same {KEY}") from None
    return all(duplicates)


routes = [act("/api/in/{name}", take, gives=202)]
