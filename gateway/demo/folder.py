"""The demo's folder: where everything of it is, and its gateway's configuration."""

import json
import shutil
from pathlib import Path
from typing import Any

from gateway.console.exits import Failed

_WRITTEN = "var/demo"
"""How the folder is called in demo.toml."""
_MARK = "demo.lock"
"""What tells a demo's folder from anybody else's: the demo's lock, which stays."""
_PAGES = '[web]\nlisten = "127.0.0.1:8080"\n'
"""How demo.toml has its pages served."""
_DROPPING = "dropping"
"""Stands there while the rest is taken away: a kill meanwhile leaves halves that would not agree, so the next demo goes on with it."""
_OURS = ("gateway.*", "gps", "broker", "ledger", "book.*", "panel")
"""What a demo leaves in its folder."""


class Folder:
    """The paths of one demo."""

    def __init__(self, path: Path) -> None:
        """Make the folder where it does not exist. Raises Failed where that cannot be, or where others have put their files: it writes over
        them."""
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            foreign = not (self.path / _MARK).exists() and any(self.path.iterdir())
        except OSError as error:
            raise Failed(f"cannot make the folder {self.path}: {error.strerror}; name another with --folder") from None
        if foreign:
            raise Failed(f"cannot use the folder {self.path}: no demo has run in it, and it is not empty; name another with --folder")
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

    @property
    def is_half_dropped(self) -> bool:
        """Whether a demo was killed while it dropped what was here."""
        return (self.path / _DROPPING).exists()

    def drop(self) -> bool:
        """Take away what demos have left in the folder, and nothing else; return whether there was any. Raises Failed where it cannot
        be."""
        found = [path for pattern in _OURS for path in self.path.glob(pattern)]
        try:
            (self.path / _DROPPING).touch()
            for path in found:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            (self.path / _DROPPING).unlink()
        except OSError as error:
            raise Failed(f"cannot begin anew: {error.filename} cannot be taken away: {error.strerror}; mend its permissions") from None
        return bool(found)

    def write_config(self, host: str, port: int, protocol: str, *, client_id: str, root: str, page_port: int) -> None:
        """The shipped demo.toml, with this folder's paths, this broker's address, this demo's client id and topics there, and the port of
        its pages; 0: without pages."""
        text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
        for old, new in (
            (_PAGES, _PAGES.replace("8080", str(page_port)) if page_port else ""),
            (_WRITTEN, _quoted(str(self.path))[1:-1]),
            ('host = "localhost"', f"host = {_quoted(host)}"),
            ("port = 1883", f"port = {port}"),
            ('protocol = "5"', f'protocol = "{protocol}"'),
            ('client_id = "gateway-demo"', f"client_id = {_quoted(client_id)}"),
            ('root = "demo"', f"root = {_quoted(root)}"),
        ):
            text = text.replace(old, new)
        try:
            self.config.write_text(text, encoding="utf-8")
        except UnicodeEncodeError:
            raise Failed(f"cannot use the folder {self.path}: its name is no Unicode in this locale; name another with --folder") from None
        except OSError as error:
            raise Failed(f"cannot write {self.config}: {error.strerror}; make it possible, or name another folder with --folder") from None

    def read_book(self) -> dict[str, Any]:
        """Read what the demo's devices remember from the last time; empty at the first."""
        try:
            found = json.loads(self.book.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_book(self, book: dict[str, Any]) -> None:
        """Replace the book as a whole, so that a kill leaves the old one or the new one. Raises Failed where it cannot be."""
        fresh = self.book.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(book), encoding="utf-8")
            fresh.replace(self.book)
        except OSError as error:
            raise Failed(f"cannot write {self.book}: {error.strerror}; make it possible, and start the demo again") from None


def _quoted(text: str) -> str:
    """A text as TOML writes it: in JSON's quotes, with every character as it is."""
    return json.dumps(text, ensure_ascii=False)
