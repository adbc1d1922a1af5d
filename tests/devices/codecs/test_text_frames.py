"""Text: strict by default, replaced where that was asked for."""

import pytest

from devices.codecs.framing import BadFrame
from devices.codecs.text import read_text


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"ab\xffcd", "cannot read a frame as text: byte 0xff at 2 is no UTF-8"),
        (b"ab\0cd", "cannot read a frame as text: it holds a NUL at 2"),
        (b"\xef\xbb\xbfab", "cannot read a frame as text: it begins with a byte order mark"),
        (b"\xed\xa0\x80", "cannot read a frame as text: byte 0xed at 0 is no UTF-8"),
    ],
)
def test_strict(frame: bytes, said: str):
    """Bytes that are no UTF-8, a NUL and a byte order mark are refused, and named."""
    with pytest.raises(BadFrame) as caught:
        read_text(frame)
    assert str(caught.value) == said
    assert caught.value.fault == "not_text"


def test_replaced():
    """With `replace`, bad bytes and NULs become U+FFFD, and the byte order mark goes."""
    assert read_text(b"\xef\xbb\xbfa\xffb\0c", replace=True) == "a\ufffdb\ufffdc"


def test_good_text():
    """UTF-8 is text."""
    assert read_text("21.5 °C".encode()) == "21.5 °C"
