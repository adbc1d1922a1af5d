"""What goes wrong between us and a broker, said so that its reader knows which key of the configuration to look at."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from devices.credentials import BadSetting, secret, unusable
from devices.mqtt.chart import Cause
from devices.mqtt.reasons import CONNACK_KEYS, reason_text
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Health

if TYPE_CHECKING:
    import ssl

_NAMED = 3
"""How many filters are named in a sentence."""


def password_of(settings: MqttSettings, names: Names) -> str | None:
    """Read the password from its file, each time anew so that mending the file is enough. Raises BadSetting."""
    if not settings.password_file:
        return None
    return secret(settings.password_file, f"{names.section}.password_file", what="the password")


def tls_context(settings: MqttSettings, names: Names) -> "ssl.SSLContext":
    """Make what TLS needs, each time anew. Raises BadSetting."""
    from devices.tls import client_context  # noqa: PLC0415  # OpenSSL takes 5 MB

    context = client_context(settings.ca_file, f"{names.section}.ca_file")
    if settings.cert_file:
        _look_into(settings.cert_file, f"{names.section}.cert_file", what="a certificate")
        _look_into(settings.key_file, f"{names.section}.key_file", what="the key of a certificate")
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except OSError as error:
            keys = f"{names.section}.cert_file and key_file"
            raise BadSetting(f"cannot use {settings.cert_file} with {settings.key_file}: {_said(error)}; mend {keys}") from None
    return context


def _look_into(path: str, key: str, *, what: str) -> None:
    """Raise BadSetting where a file cannot be read: OpenSSL does not say which of two it is."""
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise unusable(path, key, error, what=what) from None


def why_no_connection(error: Exception, settings: MqttSettings, names: Names) -> tuple[Cause, Health, str]:
    """Why there is no connection, for the chart and for people: what is wrong on our side is FAULTY, an absent broker is MISSING."""
    section, address = names.section, settings.address
    if isinstance(error, BadSetting):
        return Cause.BAD_SETTING, Health.FAULTY, str(error)
    if settings.tls and (found := _why_no_tls(error, address, section)) is not None:
        return found
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:  # soon after a boot there may be no network yet
        said = f"cannot look up the host {settings.host!r}: {_said(error)}; is the network up? else mend the name server"
        return Cause.NAME_UNKNOWN, Health.MISSING, said
    if isinstance(error, (socket.gaierror, ValueError)):
        said = f"cannot find the host {settings.host!r}: {_said(error)}; mend {section}.host, or the name server"
        return Cause.NAME_UNKNOWN, Health.FAULTY, said
    said = f"cannot reach the broker at {address}: {_said(error)}; start it, or mend {section}.host and {section}.port"
    return Cause.UNREACHABLE, Health.MISSING, said


def _why_no_tls(error: Exception, address: str, section: str) -> tuple[Cause, Health, str] | None:
    """What is wrong with TLS; None where it is not TLS that is at fault."""
    import ssl  # noqa: PLC0415  # only with TLS

    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or _said(error)
        return Cause.UNTRUSTED, Health.FAULTY, f"cannot trust the broker at {address}: {why}; mend {section}.ca_file or {section}.host"
    if isinstance(error, ssl.SSLError):
        return Cause.NO_TLS, Health.FAULTY, f"cannot speak TLS with {address}: {_said(error)}; mend {section}.tls, cert_file or port"
    return None


def why_refused(code: int, settings: MqttSettings, names: Names) -> str:
    """Why the broker refused our CONNECT."""
    keys = CONNACK_KEYS.get(code)
    mend = f"mend {names.section}.{keys}" if keys else "see its log"
    return f"cannot log in at the broker {settings.address}: it said {reason_text(code)}; {mend}"


def why_unsubscribed(refusals: list[tuple[str, int]], settings: MqttSettings, names: Names) -> str:
    """Why the broker did not take a subscription of ours."""
    said = ", ".join(f"{one!r} ({reason_text(code)})" for one, code in refusals)
    return f"cannot listen to {said} at {settings.address}; mend its access list, or {names.section}.subscribe"


def why_weaker(filters: list[str]) -> str:
    """What it means that the broker took these subscriptions at QoS 0; empty where there are none."""
    if not filters:
        return ""
    named = ", ".join(repr(one) for one in filters[:_NAMED])
    more = f" and {len(filters) - _NAMED} more" if len(filters) > _NAMED else ""
    return f"; the broker grants {named}{more} no QoS 1, so what is lost on the way there is lost"


def taken_over(settings: MqttSettings, names: Names) -> str:
    """What to say of a connection that another client of our name has taken over."""
    return (
        f"another client calls itself {names.client_id!r} at {settings.address}, and each throws the other out; "
        f"give every gateway its own {names.section}.client_id"
    )


def closed_upon(topic: str, settings: MqttSettings) -> str:
    """A broker that denies a publish and closes the connection: mosquitto 2.0.11 with `max_queued_messages 0`."""
    return f"the broker at {settings.address} denied a publish to {topic}, and closed the connection upon it; mend its access list"


def thrown_out(times: int, settings: MqttSettings, names: Names) -> str:
    """What to say of a connection that the broker ends again and again: on MQTT 3.1.1, perhaps another client has our name."""
    return (
        f"the broker at {settings.address} closed {times} connections in a row soon after it took us; perhaps another client calls "
        f"itself {names.client_id!r} too: give every gateway its own {names.section}.client_id, and see the broker's log"
    )


def _said(error: Exception) -> str:
    """The words of an error, without its number."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
