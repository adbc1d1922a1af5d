"""The demo's folder: where everything of it is, and its gateway's configuration."""

import json
from pathlib import Path
from typing import Any

from gateway.console.exits import Failed

_WRITTEN = "var/demo"
"""How the folder is called in demo.toml."""


class Folder:
    """The paths of one demo."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failed(f"cannot make the folder {self.path}: {error.strerror}; name another with --folder") from None
        self.config = self.path / "gateway.toml"
        self.socket = self.path / "gateway.sock"
        self.store = self.path / "gateway.db"
        self.log = self.path / "gateway.log"
        self.gps = self.path / "gps"
        self.broker = self.path / "broker"
        self.ledger = self.path / "ledger"
        self.book = self.path / "book.json"
        self.press = self.path / "panel" / "gpio5.press"
        self.lamp = self.path / "panel" / "gpio17"

    def write_config(self, host: str, port: int, protocol: str) -> None:
        """The shipped demo.toml, with this folder's paths and this broker's address."""
        text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
        for old, new in (
            (_WRITTEN, str(self.path)),
            ('host = "localhost"', f"host = {json.dumps(host)}"),
            ("port = 1883", f"port = {port}"),
            ('protocol = "5"', f'protocol = "{protocol}"'),
        ):
            text = text.replace(old, new)
        self.config.write_text(text, encoding="utf-8")

    def read_book(self) -> dict[str, Any]:
        """What the demo's devices remember, from the last time; empty at the first."""
        try:
            found = json.loads(self.book.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_book(self, book: dict[str, Any]) -> None:
        """Replace it whole, so that a kill leaves the old one or the new one."""
        fresh = self.book.with_suffix(".new")
        fresh.write_text(json.dumps(book), encoding="utf-8")
        fresh.replace(self.book)
