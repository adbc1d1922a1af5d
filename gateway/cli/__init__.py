"""The command line: `gateway run`, `check`, `show`, and so on; `gateway --help` lists them."""

from gateway.cli.main import main

__all__ = ["main"]
