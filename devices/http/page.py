"""A page: something that says its values over HTTP when it is asked, every so many seconds.

[http.plug]                                              # a Tasmota plug
url = "http://192.168.1.30/cm?cmnd=Status%208"
to = "twin/plug"
every_s = 30
values = {power_w = "StatusSNS.ENERGY.Power", energy_kwh = "StatusSNS.ENERGY.Total"}

What the answer means is the codec's business, what its fields are `values`' own, as for serial lines and payloads of MQTT.
"""

import itertools
import logging
from collections.abc import Callable
from typing import ClassVar

from devices.codecs.choice import codec_of
from devices.codecs.reports import MappedReports, report_of
from devices.http.fetch import Fetcher
from devices.http.settings import HttpSettings
from devices.link import Polled, Values
from devices.sparing import SparingLog
from gateway.actors.points import ValueType
from gateway.actors.vocabulary import Report


class HttpPage(Polled[HttpSettings]):
    """Gets one page every so often, and reports what it says."""

    kind = "http"
    close_s = 32.0  # the longest request, and a little
    step_s: ClassVar[float] = 60.0
    """One request takes up to `timeout_s`, and a name that cannot be looked up as long as the resolver wants."""
    counters_said = {**Polled.counters_said, "bad_values": "values that were bad", "values_beyond": "values beyond what a report takes"}

    def prepare(self) -> None:
        super().prepare()
        settings = self.settings
        self._fetcher = Fetcher(settings, f"http.{self.key}")
        self._codec = codec_of(settings.codec)
        mapped = settings.values or settings.unmapped == "ignore"
        self._mapped = MappedReports(settings.values, unmapped=settings.unmapped == "take") if mapped else None
        self._remarks = SparingLog(logging.getLogger(__name__), at_most=1)

    def open(self) -> str:
        """Say what is read: only a reading shows whether it is there. What follows the host may be a secret."""
        return "/".join(self.settings.url.split("/", 3)[:3]) + (", in clear" if self.settings.in_clear else "")

    def read(self) -> Values | Report:
        """Get the page, and read its values."""
        fields = self._codec.decode(self._fetcher.get())
        if self._mapped is None:
            return report_of(fields)
        report = self._mapped.of(fields)
        for remark in self._mapped.take_remarks():
            self.host.count(remark.counter)
            if remark.words:
                self._remarks.warn(remark.counter, f"{self.host.me}: {remark.words}")
        return report or {}

    def simulator(self) -> Callable[[], Values]:
        """Values of the names that the table has, which go up and down; one that is called value where it has none."""
        types = {name: value.type_of(name) for name, value in self.settings.values.items()} or {"value": ValueType.NUMBER}
        steps = itertools.cycle([*range(10), *range(10, 0, -1)])

        def read() -> Values:
            step = next(steps)
            made = {ValueType.BOOLEAN: step > 4, ValueType.TEXT: f"step {step}"}
            return {name: made.get(type, float(step)) for name, type in types.items()}

        return read
