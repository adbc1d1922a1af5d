"""What reads the words of a command line: argparse, which says what is wrong in our words and writes through our streams."""

import argparse
from typing import NoReturn

from gateway.console import exits
from gateway.console.output import say

_REQUIRED = "the following arguments are required: "
_OF_OPTIONS = {
    "expected one argument": " needs a value",
    "ignored explicit argument ": " takes no value, and {} is given",
    "invalid int value: ": ": {} is no whole number",
    "invalid float value: ": ": {} is no number",
}
"""What argparse says of an option, and how it is said here."""


def _in_our_words(program: str, message: str) -> str:
    """An error of argparse, as it is said here."""
    if message.startswith(_REQUIRED):
        return f"{program} needs {message.removeprefix(_REQUIRED)}"
    option, parted, fault = message.removeprefix("argument ").partition(": ")
    if not parted or not message.startswith("argument "):
        return f"{program}: {message}"
    for theirs, ours in _OF_OPTIONS.items():
        if fault.startswith(theirs):
            return option + ours.format(fault.removeprefix(theirs))
    return f"{option}: {fault}"


class StreamParser(argparse.ArgumentParser):
    """A parser that writes its help through the streams: argparse itself does not notice that nobody reads it."""

    def error(self, message: str) -> NoReturn:
        """End with what is wrong, in a line. Raises Failed."""
        said = _in_our_words(self.prog, message)
        topic = self.prog.partition(" ")[2]
        advice = "" if "; " in said else f"; gateway help{topic and f' {topic}'} says what it takes"
        raise exits.Failed(f"{said}{advice}", exits.USAGE)

    def print_help(self, file: object = None) -> None:
        del file
        say(self.format_help().rstrip())


class VersionOption(argparse.Action):
    """The option `--version`, which looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  # takes its time to import

        try:
            say(f"gateway {version('pi-device-gateway')}")
        except PackageNotFoundError:
            say("gateway, not installed as a package")
        parser.exit()
