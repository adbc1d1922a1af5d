"""Keys: the name that people gave a device → one segment of an actor id.

The rule, in this order:
1. A name that can stand in an id stays as it is: `living-room`.
2. ä, ö, ü, ß and their like are spelt out (ae, oe, ue, ss); other accents are left out: `Küche` is Kueche, `salón` is salon.
3. Every run of other signs, spaces too, becomes one `_`: `Living Room / lamp` is Living_Room_lamp.
4. A name in letters that have no such spelling, and one of more than 128 characters, gets a hash of its own behind a `~`.

Two names may still give one key: `Küche` and `Kueche`. The first that comes has it; see `Keys`.
"""

import re
import unicodedata

from gateway.actors.errors import BadId
from gateway.actors.ids import KEY_AT_MOST, is_key
from gateway.digests import blake2b

_REMEMBERED = 4096
_WHOLE = 256
"""Names of up to so many characters are remembered as they are, so that what is remembered has a bound in bytes, too."""
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_OTHERS = re.compile(r"[^A-Za-z0-9.~:@=,-]+")


def as_key(name: str) -> str:
    """The key of a device by its name. Raises BadId where the name is empty."""
    if is_key(name):
        return name
    spelt = unicodedata.normalize("NFC", name).translate(_SPELT)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(sign))
    key = _OTHERS.sub("_", plain).strip("_")
    lost = any(sign.isalnum() and not sign.isascii() for sign in plain)
    if not name.strip():
        raise BadId("cannot make a key of an empty name; give the device a name")
    if key and not lost and len(key) <= KEY_AT_MOST:
        return key
    return with_digest(key, name)


def with_digest(key: str, name: str, *, mark: str = "~", size: int = 4) -> str:
    """As much of a key as fits before a mark and a digest of the name that it stands for, of `size` bytes."""
    own = blake2b(name.encode("utf-8", "replace"), digest_size=size).hexdigest()
    return f"{key[: KEY_AT_MOST - len(mark) - len(own)]}{mark}{own}"


class Keys:
    """The keys of the devices that one input has heard of. The first name of a key has it, and another name of that key is refused: the
    values of two devices would else be mixed in one actor. It is remembered as long as the input runs."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The key of a device by its name. Raises BadId where another device has it, or where the name is empty."""
        key = as_key(name)
        if len(self._names) >= _REMEMBERED:
            self._names.clear()
        short = name if len(name) <= _WHOLE else with_digest(name[:KEY_AT_MOST], name, size=16)
        owner = self._names.setdefault(key, short)
        if owner != short:
            raise BadId(f"cannot take {short!r}: its key {key} is already that of {owner!r}, which came first; rename one of them")
        return key
