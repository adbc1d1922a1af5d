"""A simulated device that says whatever a codec reads, in the framing that the file names: numbers, words, pairs, CSV, or by a pattern."""

from devices.codecs.choice import codec_of
from devices.codecs.simulated import wanted_fields
from devices.serial.settings import SerialSettings
from devices.serial.simulator import SimulatedDevice, SimulatedLine


class CodecDevice(SimulatedDevice):
    """Says the values that the port's file speaks of. Raises CannotEncode, as it is made, where the codec can write no frame of them."""

    def __init__(self, line: SimulatedLine, *, reads: SerialSettings, **keywords: object) -> None:
        super().__init__(line, **keywords)  # type: ignore[arg-type]  # the keywords of SimulatedDevice, as they are
        self._codec = codec_of(reads.codec)
        self._wanted = wanted_fields(reads.values, reads.to)
        self.compose(self.first)

    def compose(self, number: int) -> list[bytes]:
        return list(self._codec.simulated(number, self._wanted(number)))
