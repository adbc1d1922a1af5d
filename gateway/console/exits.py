"""What the commands exit with, and the error that says so. Source: sysexits.h for 64 and above."""

FINE = 0
NO = 1
USAGE = 2
UNWRITTEN = 3
UNKNOWN = 4
BAD_INPUT = 65
NO_GATEWAY = 69
INTERNAL_FAULT = 70
UNWRITABLE = 73
NO_STORE = 74
NOT_NOW = 75
NOT_ALLOWED = 77
BAD_CONFIG = 78
INTERRUPTED = 130
UNREAD = 141
"""The code that a shell shows for a program that SIGPIPE has ended."""

MEANINGS = {
    FINE: "done",
    NO: "it answered no, or what was asked for is missing or not well",
    USAGE: "the command is not well formed",
    UNWRITTEN: "nobody has ever written to that actor (ask gives its answer all the same)",
    UNKNOWN: "no answer in time to what may change something: the outcome is unknown, look before you repeat it",
    BAD_INPUT: "the message is not well formed: no such actor, verb or field",
    NO_GATEWAY: "no gateway answers",
    INTERNAL_FAULT: "a fault of the gateway's own (run: or it ended, and a device did not close)",
    UNWRITABLE: "what the command says cannot be written: a full disk",
    NO_STORE: "run: the store cannot be opened",
    NOT_NOW: "refused for now, or no answer to a look in time: try again later (run: another gateway is running)",
    NOT_ALLOWED: "this user may not ask the gateway",
    BAD_CONFIG: "the configuration has problems, or cannot be read",
    INTERRUPTED: "interrupted by Ctrl-C",
    UNREAD: "nobody reads any more what the command says: | head",
}

OF_FAULT = {
    "outcome_unknown": UNKNOWN,
    "timeout": NOT_NOW,
    "closing": UNKNOWN,
    "refused": NOT_NOW,
    "busy": NOT_NOW,
    "idle": NOT_NOW,
    "bad_id": BAD_INPUT,
    "bad_payload": BAD_INPUT,
    "bad_request": BAD_INPUT,
    "unknown_target": BAD_INPUT,
    "bad_config": BAD_CONFIG,
    "unwritten": UNWRITTEN,
}
"""Exit code of a fault that the control socket names; others are NO."""


class Failed(RuntimeError):
    """Raised where a command could not be done: one line for people, and what to exit with.

    No GatewayError: the language of actors takes half a second of a Pi to import, which most commands do without.
    """

    def __init__(self, text: str, code: int = NO) -> None:
        super().__init__(text)
        self.code = code


def text() -> str:
    """Every exit code, with what it means."""
    return "\n".join(["exit codes of every command:", *(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())])
