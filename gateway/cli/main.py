"""Which command, and nothing else: `run` imports only the daemon, so that its memory is not the command line's."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.cli.configured import default_config
from gateway.console.streams import end_streams, open_streams


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return what to exit with."""
    open_streams()
    try:
        code = _run(sys.argv[1:] if words is None else words)
    except SystemExit as end:  # argparse ends what asks for help, and what it cannot read
        code = end.code if isinstance(end.code, int) else 0
    return end_streams(code)


def _run(words: Sequence[str]) -> int:
    config = plain_run(words)
    if config is not None:
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else pydantic imports every installed package's plugin
        from gateway.daemon import run  # noqa: PLC0415  # only the daemon holds the daemon

        return run(config)
    if words[:1] == ["complete"]:
        from gateway.cli.complete import complete  # noqa: PLC0415  # argparse would take as long as all the rest

        return complete(words[1:])
    from gateway.cli.commands import command  # noqa: PLC0415  # argparse is not for the daemon

    return command(words)


def plain_run(words: Sequence[str]) -> Path | None:
    """The configuration of `run [--config FILE]`; None for any other command, which argparse reads."""
    match list(words):
        case ["run"]:
            return default_config()
        case ["run", "--config", path] | ["--config", path, "run"]:
            return Path(path)
        case ["run", word] if word.startswith("--config="):
            return Path(word.removeprefix("--config="))
    return None
