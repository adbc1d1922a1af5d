"""Doubt: bytes come, and never a usable line. Then the port is not well, though it is open; the bytes mostly say why.

A wrong baud rate, lines that end with CR alone or not at all, a log's prefix before the JSON: each has a setting that mends it.
"""

import re

from devices.codecs.json_lines import without_colours

AFTER_S = 3.0
"""For how long nothing must have been usable, before that is said."""
TRIES = 3
"""How often bytes must have come by then: one bad line a minute is a fault after the third."""
_SAMPLE_BYTES = 512
_TEXTS = ("lf", "cr", "crlf", "delimiter", "telegram", "ve_direct")
"""Framings of texts."""
_METERS = {
    "dsmr": (b"\n1-0:1.8.", "DSMR P1", '"dsmr"'),
    "sml": (b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01", "SML", '"sml"'),
    "keyvalue": (b"\r\nChecksum\t", "VE.Direct", '{name = "keyvalue", profile = "ve_direct"}'),
}
"""What the bytes of meters have in them, by the codec that reads it."""
_OF_METERS = ("telegram", "sml", "ve_direct")
"""Their framings."""
_OVER_LINES = re.compile(rb"[{\[,][ \t]*+\r?\n[ \t]*+[\"}\]{]")
"""What stands at the ends of lines in JSON that was written for people."""
_PLAIN = bytes((9, 10, 13, *range(32, 127)))


class Doubt:
    """What has come since the last usable line of one port. On the port's thread."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._tries = 0
        self._sample = b""
        self._frame = b""
        self._error = ""

    def __bool__(self) -> bool:
        return self._since_s is not None

    def clear(self) -> None:
        """Forget it: a usable line has come, or the port was opened."""
        self._since_s = None
        self._tries = 0
        self._sample = self._frame = b""
        self._error = ""

    def refuse(self, frame: bytes, error: str) -> None:
        """Keep the last frame that could not be read, and why."""
        self._frame, self._error = frame, error

    def add(self, chunk: bytes, now_s: float) -> None:
        """Note bytes that brought no usable line."""
        if self._since_s is None:
            self._since_s = now_s
        self._tries += 1
        self._sample = (self._sample + chunk[-_SAMPLE_BYTES:])[-_SAMPLE_BYTES:]

    def cause(self, now_s: float, *, codec: str, framing: str, baud: int) -> str:
        """The likely cause, with what to do; empty where it is too early to tell."""
        if self._since_s is None or self._tries < TRIES or now_s - self._since_s < AFTER_S:
            return ""
        return likely_cause(self._sample, frame=self._frame, error=self._error, codec=codec, framing=framing, baud=baud)


def likely_cause(sample: bytes, *, frame: bytes = b"", error: str = "", codec: str, framing: str, baud: int) -> str:
    """Why bytes like `sample` hold no line that a codec can read; `frame` is the last one that was cut out of them, with its error."""
    odd = len(sample.translate(None, _PLAIN))
    for codec_of_it, (mark, name, mend) in _METERS.items():
        if mark in sample and (codec != codec_of_it or framing not in _OF_METERS):
            return f"it speaks {name}: set codec = {mend}"
    if codec != "bytes" and framing in _TEXTS and 10 * odd > 3 * len(sample) and not _is_text(sample):
        return f'they are no text: is baud = {baud} what the device has, and its parity? Bytes of a protocol need codec = "bytes"'
    if framing in ("lf", "cr", "crlf") and (b"\0" in frame or (b"\0" in sample and not error)):
        return 'a NUL ends its lines: set framing = {name = "delimiter", ends = "0x00"}'
    if framing in ("lf", "crlf") and b"\n" not in sample:
        if b"\r" in sample:
            return 'its lines end with CR alone: set framing = "cr"'
        return 'no line end comes: set framing = "idle" where a silence ends each message, or name what ends it'
    if framing in ("cr", "crlf") and b"\r" not in sample and b"\n" in sample:
        return 'its lines end with LF: set framing = "lf"'
    if not error:
        return f'nothing that framing = "{framing}" begins or ends with comes in them; is it what the device sends?'
    return _of_frame(sample, frame, error, codec)


def _of_frame(sample: bytes, frame: bytes, error: str, codec: str) -> str:
    """Why the last frame could not be read."""
    if codec not in ("nmea", "bytes") and frame.lstrip()[:3] in (b"$GP", b"$GN", b"$GL", b"$GA", b"!AI"):
        return 'it speaks NMEA: set codec = "nmea"'
    if codec != "json" and frame.lstrip().startswith(b"{") and frame.rstrip().endswith(b"}"):
        return 'it speaks JSON: set codec = "json"'
    if codec == "json" and (cause := _of_json(sample, without_colours(frame))):
        return cause
    if codec == "nmea" and error.endswith("has no checksum"):
        return 'its sentences have no checksum: set codec = {name = "nmea", checksum_required = false}'
    if error.endswith("is no UTF-8"):
        error += '; undecodable = "replace" reads the rest of such a line'
    return f"{error}; the last one was {frame[:60]!r}"


def _of_json(sample: bytes, frame: bytes) -> str:
    """Why a frame that may have JSON in it cannot be read as one; empty where that is not known."""
    if _OVER_LINES.search(sample):
        return 'its JSON goes over several lines: set framing = "idle", for a silence ends each'
    if frame.find(b"{") > 0 and frame.rstrip().endswith(b"}"):
        return 'something stands before the JSON, as the prefix of a log does: set codec = {name = "json", skip_prefix = true}'
    return ""


def _is_text(sample: bytes) -> bool:
    """Whether bytes are UTF-8 without control characters, but for one that is cut at an end."""
    text = sample.decode("utf-8", "replace")
    text = (text[:3].lstrip("\ufffd") + text[3:]).removesuffix("\ufffd")
    return "\ufffd" not in text and all(sign.isprintable() or sign.isspace() for sign in text)
