"""The fixes of a GPS receiver, of the sentences that it sends: NMEA 0183 as a codec."""

from collections.abc import Mapping, Sequence
from typing import Any

from devices.codecs.codec import Codec, CodecSettings, Fields
from devices.codecs.fixes import Track, flush, fold
from devices.codecs.nmea import read_sentence, write_sentence
from gateway.actors.vocabulary import Fix


class NmeaSettings(CodecSettings):
    """The options of the codec `nmea`."""

    checksum_required: bool = True
    """Drop a sentence that has no checksum. One whose checksum is wrong is always dropped."""


class NmeaFixes(Codec):
    """Makes one fix of the sentences of each epoch, one sentence a frame."""

    settings_model = NmeaSettings
    verb = "position"
    checked = True

    def __init__(self, settings: NmeaSettings) -> None:
        super().__init__(settings)
        self.checksum_required = settings.checksum_required
        self._track = Track()

    def decode(self, frame: bytes) -> Fields:
        """The last fix that is known with this sentence; `read` gives all."""
        found = self.read(frame)
        return found[-1] if found else {}

    def read(self, frame: bytes) -> Sequence[Fields]:
        self._track, fixes = fold(self._track, read_sentence(frame, checksum_required=self.checksum_required))
        return [_fields(fix) for fix in fixes]

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        """A fix of a receiver without a clock, which drives north, and after some hours begins anew."""
        del wanted
        minutes = number % 20_000 * 10 / 3600
        place = f"{46 + int(minutes // 60)}{minutes % 60:08.5f},N,00726.84400,E"
        return [write_sentence(f"GPRMC,,A,{place},10.0,0.0,,,,A")]

    def idle(self) -> Sequence[Fields]:
        self._track, fixes = flush(self._track)
        return [_fields(fix) for fix in fixes]


def _fields(fix: Fix) -> Fields:
    return fix.model_dump(exclude_none=True)
