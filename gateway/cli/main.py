"""Which command, and nothing else: `run` imports only the daemon, so that its memory is not the command line's; and what asks the running
gateway imports no argparse, so that it answers at once. No error reaches the user as a traceback."""

import os
import sys
from collections.abc import Sequence

from gateway.cli.configured import default_config
from gateway.console import exits
from gateway.console.output import complain
from gateway.console.streams import end_streams, open_streams


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return what to exit with."""
    open_streams()
    try:
        code = _run(sys.argv[1:] if words is None else words)
    except SystemExit as end:  # argparse ends what asks for help, and what it cannot read
        code = end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:  # also while modules are imported, which takes its time on a small board
        code = exits.INTERRUPTED
    return end_streams(code)


def _run(words: Sequence[str]) -> int:
    config = plain_run(words)
    if config is not None:
        from gateway.service.signals import hold_reload  # noqa: PLC0415  # as below

        hold_reload()  # what comes now, and takes a second or two on a small board
        from pathlib import Path  # noqa: PLC0415  # as below

        from gateway.cli.daemon_imports import import_libraries  # noqa: PLC0415  # as below

        import_libraries()
        from gateway.daemon import run  # noqa: PLC0415  # only the daemon holds the daemon

        return run(Path(config))
    if words[:1] == ["complete"]:
        from gateway.cli.complete import complete  # noqa: PLC0415  # argparse would take as long as all the rest

        return complete(words[1:])
    return _command(words)


def _command(words: Sequence[str]) -> int:
    from gateway.cli.plain import read_plain  # noqa: PLC0415  # the daemon does without

    try:
        options = read_plain(words)
        if options is not None:
            return int(options.run(options))
        from gateway.cli.commands import command  # noqa: PLC0415  # argparse takes longer to load than all that a plain command needs

        return command(words)
    except exits.Failed as error:
        if str(error):
            complain(f"gateway: {error}")
        return error.code
    except Exception as error:  # the user gets one line, and a way to the rest
        if os.environ.get("GATEWAY_TRACEBACK"):
            raise
        return _fault(error)


def _fault(error: Exception) -> int:
    from gateway.actors.errors import GatewayError  # noqa: PLC0415  # takes its time to import, and is needed only here

    if isinstance(error, GatewayError):
        complain(f"gateway: {error}")
        return exits.NO
    complain(f"gateway: a fault of its own: {type(error).__name__}: {error}; GATEWAY_TRACEBACK=1 shows where")
    return exits.INTERNAL_FAULT


def plain_run(words: Sequence[str]) -> str | None:
    """The configuration of `run [--config FILE]`; None for any other command, which argparse reads."""
    match list(words):
        case ["run"]:
            return default_config()
        case ["run", "--config", path] | ["--config", path, "run"]:
            return path
        case ["run", word] if word.startswith("--config="):
            return word.removeprefix("--config=")
    return None
