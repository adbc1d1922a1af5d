"""Where an ask wants its answer, as one segment of an actor id, so that it is kept on disk with the ask itself.

`<topic>` or `<topic>,<correlation data>`: letters, digits and `. _ : @ -` stand for themselves, `~` for a slash, `=41` for
the byte 0x41. Correlation data that is shorter so is base64 behind a second comma.
"""

import base64
import re

from gateway.actors import BadId
from gateway.actors.ids import is_key

_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@-")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")


def make_token(topic: str, correlation: bytes = b"") -> str:
    """Write a response topic and correlation data as one segment. Raises BadId when they do not fit into its 128 characters."""
    token = _escaped(topic.encode(), slash="~")
    if correlation:
        plain = _escaped(correlation, slash="=2F")
        packed = "," + base64.urlsafe_b64encode(correlation).decode().rstrip("=")
        token += "," + min(plain, packed, key=len)
    if not is_key(token):
        raise BadId(
            f"cannot keep where to answer: the response topic of {len(topic)} characters and its correlation data of "
            f"{len(correlation)} bytes need {len(token)} characters of 128; use shorter ones"
        )
    return token


def read_token(token: str) -> tuple[str, bytes]:
    """Read the response topic and correlation data of a segment. Raises BadId when it is none."""
    topic, _, rest = token.partition(",")
    try:
        return _plain(topic.replace("~", "/")).decode(), _unpacked(rest[1:]) if rest.startswith(",") else _plain(rest)
    except ValueError:
        raise BadId(f"cannot read {token!r} as where to answer: it was not made here") from None


def _escaped(content: bytes, *, slash: str) -> str:
    return "".join(slash if byte == 0x2F else chr(byte) if byte in _KEPT else f"={byte:02X}" for byte in content)


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _plain(text: str) -> bytes:
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text).encode("latin-1")
