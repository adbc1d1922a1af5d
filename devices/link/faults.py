"""What can be wrong with an outside resource: it is not there, or it is there and does not work."""

import errno
from typing import ClassVar

from gateway.actors import GatewayError, Health

_NOT_THERE = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class LinkFault(GatewayError, OSError):
    """Raised where a link cannot be opened, or fails. Its text is what people read: "cannot VERB THING: fact seen; what to do"."""

    health: ClassVar[Health] = Health.FAULTY


class Missing(LinkFault):
    """Raised where the resource is not there: it was pulled out, or has not come yet."""

    health = Health.MISSING


class Faulty(LinkFault):
    """Raised where the resource is there and does not do what was asked of it."""


def of_system(error: OSError, what: str) -> LinkFault:
    """The fault that an error of the operating system means; `what` is what cannot be done: "open the thermometer"."""
    named = f" ({error.filename})" if error.filename else ""
    fact = error.strerror or str(error) or type(error).__name__
    if error.errno in _NOT_THERE:
        return Missing(f"cannot {what}: {fact}{named}; plug it in, or mend its section")
    if error.errno in _FORBIDDEN:
        return Faulty(f"cannot {what}: {fact}{named}; let the gateway's user use it")
    return Faulty(f"cannot {what}: {fact}{named}")
