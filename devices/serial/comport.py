"""What a client of RFC 2217 says and hears beside the bytes of a line: that its settings are such, and are made at the other end.

Pure: bytes in, bytes out. 255 begins each word of Telnet, so such a byte of the line itself goes over twice.

Source: RFC 2217, sections 2 and 3; RFC 854 (commands), 856 (binary), 858 (no go-ahead).
"""

from devices.serial.settings import SerialSettings

IAC = b"\xff"
ESCAPED = IAC + IAC
_SE, _SB, _WILL, _WONT, _DO, _DONT = 240, 250, 251, 252, 253, 254
_BINARY, _NO_GO_AHEAD, _COM_PORT = 0, 3, 44
_OPTIONS = (_BINARY, _NO_GO_AHEAD, _COM_PORT)
_SET_CONTROL, _ANSWER = 5, 100
_PARITIES = {"none": 1, "odd": 2, "even": 3, "mark": 4, "space": 5}
_FLOWS = {"none": 1, "xonxoff": 2, "rtscts": 3}
_WORD_BYTES = 512
"""A longer word is no word of Telnet."""


class ComPort:
    """The words between one client and one port. Not thread-safe."""

    def __init__(self, settings: SerialSettings) -> None:
        self.refusal = ""
        """Why the other end cannot have the line as it is to be; empty while nothing is refused."""
        self._wanted: dict[int, tuple[str, bytes]] = {
            1: ("baud", settings.baud.to_bytes(4, "big")),
            2: ("bytesize", bytes([settings.bytesize])),
            3: ("parity", bytes([_PARITIES[settings.parity]])),
            4: ("stopbits", bytes([settings.stopbits])),
        }
        self._controls = [_FLOWS[settings.flow], *_levels(settings)]
        self._open = set(self._wanted)
        self._asked = False
        self._answered: set[tuple[int, int]] = set()
        self._held = b""
        self._answers = b"".join(
            bytes([IAC[0], word, option]) for option in _OPTIONS for word in ((_WILL,) if option == _COM_PORT else (_WILL, _DO))
        )

    @property
    def agreed(self) -> bool:
        """Whether the other end has said of each setting that it is so."""
        return not self._open

    def take_answers(self) -> bytes:
        """What is to be sent, since the last time."""
        answers, self._answers = self._answers, b""
        return answers

    def feed(self, chunk: bytes) -> bytes:
        """Take what came; return the bytes of the line in it."""
        if not self._held and IAC not in chunk:
            return chunk
        text, self._held = self._held + chunk, b""
        pieces, at = [], 0
        while (found := text.find(IAC, at)) >= 0:
            pieces.append(text[at:found])
            if text[found + 1 : found + 2] == IAC:
                pieces.append(IAC)
                at = found + 2
                continue
            at = self._word(text, found)
            if at < 0:
                self._held = text[found:] if len(text) - found <= _WORD_BYTES else b""
                at = len(text)
        return b"".join([*pieces, text[at:]])

    def _word(self, text: bytes, at: int) -> int:
        """Obey the word of Telnet at that place; return where it ends, -1 where it is not whole yet."""
        word = text[at + 1 : at + 2]
        if not word:
            return -1
        if word[0] == _SB:
            return self._subnegotiation(text, at + 2)
        if word[0] not in (_WILL, _WONT, _DO, _DONT):
            return at + 2
        if len(text) < at + 3:
            return -1
        self._negotiate(word[0], text[at + 2])
        return at + 3

    def _subnegotiation(self, text: bytes, begin: int) -> int:
        at = begin
        while (at := text.find(IAC, at)) >= 0 and at + 1 < len(text):
            if text[at + 1] == _SE:
                self._hear(text[begin:at].replace(ESCAPED, IAC))
                return at + 2
            at += 2
        return -1

    def _negotiate(self, word: int, option: int) -> None:
        """Answer an offer or a wish, once each: two ends that answered each time would never end."""
        if option == _COM_PORT and word == _DO and not self._asked:
            self._ask()
        if option == _COM_PORT and word in (_DONT, _WONT) and not self._asked:
            self.refusal = "its other end does not speak RFC 2217; write socket:// where it is a raw port"
        offered = option in _OPTIONS and not (option == _COM_PORT and word == _WILL)  # said when the line was opened
        if word in (_WONT, _DONT) or offered or (word, option) in self._answered:
            return
        self._answered.add((word, option))
        if word == _DO:
            self._say(_WONT, option)
        else:
            self._say(_DO if option == _COM_PORT else _DONT, option)

    def _ask(self) -> None:
        """Ask for each setting, and for the levels that the file names."""
        self._asked = True
        for number, (_, value) in self._wanted.items():
            self._set(number, value)
        for control in self._controls:
            self._set(_SET_CONTROL, bytes([control]))

    def _hear(self, said: bytes) -> None:
        """Take what the other end says of a setting."""
        if len(said) < 2 or said[0] != _COM_PORT:
            return
        wanted = self._wanted.get(said[1] - _ANSWER)
        if wanted is None:
            return
        name, value = wanted
        if said[2:] != value:
            seen = int.from_bytes(said[2:6], "big")
            self.refusal = f"its other end does not set {name} as it is here (its answer is {seen}); mend {name}, or set it there"
        self._open.discard(said[1] - _ANSWER)

    def _say(self, word: int, option: int) -> None:
        self._answers += bytes([IAC[0], word, option])

    def _set(self, number: int, value: bytes) -> None:
        self._answers += bytes([IAC[0], _SB, _COM_PORT, number]) + value.replace(IAC, ESCAPED) + bytes([IAC[0], _SE])


def _levels(settings: SerialSettings) -> list[int]:
    """The controls that set DTR and RTS, where the file names their levels."""
    levels = []
    if settings.dtr is not None:
        levels.append(8 if settings.dtr else 9)
    if settings.rts is not None:
        levels.append(11 if settings.rts else 12)
    return levels
