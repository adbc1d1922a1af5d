"""Reason codes of MQTT 5: their names, and what each means for what we do next.

Source: OASIS MQTT Version 5.0, section 2.4. Of CONNACK's codes in 3.1.1, paho makes these.
"""

NAMES = {
    0x00: "Normal disconnection",
    0x80: "Unspecified error",
    0x81: "Malformed packet",
    0x82: "Protocol error",
    0x83: "Implementation specific error",
    0x84: "Unsupported protocol version",
    0x85: "Client identifier not valid",
    0x86: "Bad user name or password",
    0x87: "Not authorized",
    0x88: "Server unavailable",
    0x89: "Server busy",
    0x8A: "Banned",
    0x8B: "Server shutting down",
    0x8C: "Bad authentication method",
    0x8D: "Keep alive timeout",
    0x8E: "Session taken over",
    0x8F: "Topic filter invalid",
    0x90: "Topic name invalid",
    0x91: "Packet identifier in use",
    0x93: "Receive maximum exceeded",
    0x94: "Topic alias invalid",
    0x95: "Packet too large",
    0x96: "Message rate too high",
    0x97: "Quota exceeded",
    0x98: "Administrative action",
    0x99: "Payload format invalid",
    0x9A: "Retain not supported",
    0x9B: "QoS not supported",
    0x9C: "Use another server",
    0x9D: "Server moved",
    0x9F: "Connection rate exceeded",
    0xA0: "Maximum connect time",
}

PROTOCOL_ERROR = 0x82
TAKEN_OVER = 0x8E
RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED = 0x9A, 0x9B
NOT_AUTHORIZED = 0x87
NEVER_AGAIN = frozenset((NOT_AUTHORIZED, 0x90, 0x95, 0x99))
"""Codes in a PUBACK that the same publish would get again."""

OF_A_PUBLISH = frozenset((0x81, 0x82, 0x90, 0x95, 0x99, 0x9A, 0x9B))
"""Codes in a DISCONNECT that a publish of ours brings about."""

OF_A_LOGIN = frozenset((0x86, 0x87, 0x8C))
"""Codes in a CONNACK that a wrong user name or password brings about."""

CONNACK_KEYS = {
    0x84: "protocol",
    0x85: "client_id",
    0x86: "username and password_file",
    0x87: "username and password_file",
    0x8A: "client_id",
    0x8C: "username and password_file",
}
"""The settings to look at when the broker refuses a connection."""


def reason_text(code: int) -> str:
    """A reason code for people: `0x87 Not authorized`."""
    return f"0x{code:02X} {NAMES.get(code, 'an unknown reason')}"
