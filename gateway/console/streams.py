"""Standard input, output and error. All that the command line says goes through here, and whatever hears it, no command breaks off.

A character that the locale lacks is said as its number (`\\u2192`), a byte of a file's name that is no text as a shell has it (`\\xff`).
A reader who has gone (`| head`) ends the command quietly, a full disk with one line, and never with a traceback, at the interpreter's
last flush neither. A stream that was closed before we were started is opened on /dev/null: else the next file would get its number,
and what is said would be written into that.

Source: signal(7) for SIGPIPE, whose exit code a shell shows as 128 + 13; Python's `signal` module, "Note on SIGPIPE".
"""

import codecs
import errno
import io
import os
import sys
from typing import IO, Any

from gateway.console.exits import BAD_INPUT, UNREAD, UNWRITABLE, Failed
from gateway.harmless import harmless

_IN_A_SHELL = "gateway.in_a_shell"
_STANDARD = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class Unheard(Failed):
    """Raised where standard output takes no more. Where its reader has gone there is nothing to say of it: the text is empty."""

    def __init__(self, error: OSError) -> None:
        gone = error.errno == errno.EPIPE
        text = "" if gone else f"cannot write what it says: {error.strerror}; send standard output elsewhere"
        super().__init__(text, UNREAD if gone else UNWRITABLE)


def open_streams() -> None:
    """Make standard input, output and error fit to be used. The first thing in a process: before any file is opened."""
    for number, (name, mode) in enumerate(_STANDARD):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _opened_on_nothing(number, mode))
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            codecs.register_error(_IN_A_SHELL, _in_a_shell)
            stream.reconfigure(errors=_IN_A_SHELL)


def _in_a_shell(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a stream lacks: bytes of a file's name, as $'\\xff' is in a shell; the number of any other."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(f"\\x{ord(one) - 0xDC00:02x}" if "\udc80" <= one <= "\udcff" else _by_number(one) for one in lacking), error.end


def _by_number(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()


def write(text: str) -> None:
    """Write a text on standard output, at once. Raises Unheard the first time that it cannot be; from then on it is written nowhere."""
    try:
        if text:  # an empty one would be written, too, and refused where there was nothing to say
            sys.stdout.write(harmless(text))
        sys.stdout.flush()
    except OSError as error:
        _write_nowhere(sys.stdout)
        raise Unheard(error) from None


def write_error(text: str) -> None:
    """Write a text on standard error, at once; where that fails there is nobody to tell."""
    try:
        sys.stderr.write(harmless(text))
        sys.stderr.flush()
    except OSError:
        _write_nowhere(sys.stderr)


def speaks_unicode() -> bool:
    """Whether standard output can show every character."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"


def read_input() -> str:
    """Read all of standard input, as UTF-8 in any locale. Raises Failed where it is none."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failed(f"cannot read the payload: it is no UTF-8 at byte {error.start}; write UTF-8", BAD_INPUT) from None


def end_streams(code: int) -> int:
    """Write out what the streams still hold; return `code`, or the code that says that a command's words were lost."""
    try:
        write("")
    except Unheard as error:
        if str(error):
            write_error(f"gateway: {error}\n")
        code = code or error.code
    write_error("")
    return code


def _opened_on_nothing(number: int, mode: str) -> IO[Any]:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


def _write_nowhere(stream: IO[Any]) -> None:
    """Send what a stream holds, and all that follows, to /dev/null: Python would try again at the end, and complain."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
