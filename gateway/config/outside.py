"""What a configuration relies on outside of itself, looked at by `gateway check`: files and what they hold, the folder of the store, and
what is odd about actors of one's own. Nothing of it but a store that cannot be written keeps the gateway from starting: it may be mended
while it runs.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gateway.actors.errors import ANYTHING
from gateway.actors.words import described
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.driver import why_no_driver
from gateway.config.fleeting import why_fleeting
from gateway.config.locator import KeyPath, Position
from gateway.config.problems import KeepsFromStarting, Problem, dotted
from gateway.config.sealed import why_hidden, why_sealed
from gateway.config.sections import GatewaySettings, StoreSettings, own_folder
from gateway.config.service_user import ServiceUser

_SOCKET_AT_MOST = 99
"""Bytes of a socket's path: the kernel takes 107 (unix(7)), and it is made under a name that has the number of a process behind it."""


def outside_problems(document: Document, sections: list[Section], gateway: GatewaySettings, store: StoreSettings) -> list[Problem]:
    """Each thing outside of the file that will not do, as far as this user may know, at the key that names it."""
    is_service = document.path.startswith("/etc/gateway/")
    reader = ServiceUser.found() if is_service else _ThisUser()
    found = [(_place(document, section, key), text) for section in sections for key, text in _of_section(section, reader).items()]
    place: KeyPath = ("store", "path")
    named: dict[KeyPath, Path] = {("gateway", "control_socket"): gateway.control_socket, **({} if store.url else {place: store.path})}
    # where the file names none, they are where the gateway is started, which need not be here
    unusable = [(key, text) for key, path in named.items() if document.value(key) for text in _of_folder(path, document, reader)]
    found += unusable
    if document.value(("gateway", "control_socket")) and (text := _of_socket(gateway.control_socket)):
        found.append((("gateway", "control_socket"), text))
    found += [(("store", key), text) for key, text in _of_database(store, reader)]
    can_be_used = (
        document.value(place) and not store.url and all(key != place for key, _ in found)
    )  # one word for a folder that will not do at all
    if can_be_used and not gateway.simulate and (text := why_fleeting(store.path)):
        found.append((place, text))
    stopping = [one for one in unusable if one[0] == place]
    if isinstance(reader, ServiceUser):
        unread = _unread(document, gateway, reader)
        found += unread
        stopping += unread
    problems = [(KeepsFromStarting._make if one in stopping else Problem._make)(_problem(document, *one)) for one in found]
    return sorted(problems, key=lambda problem: problem.position or Position(0, 0))


def _unread(document: Document, gateway: GatewaySettings, reader: ServiceUser) -> list[tuple[KeyPath, str]]:
    """What of the file itself and of the folder of the user's own kinds the service may not read: it reads both before all else."""
    path = Path(document.path)
    folder = own_folder(document.path, gateway)
    told = [reader.why_not(path, path.stat()), reader.why_unlisted(folder) if folder else ""]
    path_of_file: KeyPath = ()
    return [(path_of_file, text) for text in told if text][:1]


def notes_on(document: Document, sections: list[Section]) -> list[Problem]:
    """What is worth knowing and no problem, at the key that it is about."""
    found = []
    for section in sections:
        with suppress(*ANYTHING):  # a user's own settings may raise anything
            found += [_problem(document, section.path_of(document, key), text) for key, text in section.settings.notes().items()]
    return found


def _problem(document: Document, path: KeyPath, text: str) -> Problem:
    return Problem(document.position(path) if path else None, dotted(path), text)


def _place(document: Document, section: Section, key: str) -> KeyPath:
    return section.path_of(document, key) if key else section.key_path


def _of_section(section: Section, reader: "ServiceUser | _ThisUser | None") -> dict[str, str]:
    """What is wrong with the files that a section names and with all else that it needs here, by its keys; what its own code raises while
    it looks is told too, at the section, unless it looked at what is broken."""
    wrong: dict[str, str] = {}
    try:
        files = {key: file for key, file in section.settings.files().items() if isinstance(file, str)}
        wrong = {key: text for key, file in files.items() if (text := _of_file(Path(file), reader))}
        return section.settings.lacks() | wrong
    except ANYTHING as error:  # a user's settings may raise anything
        if section.whole:
            wrong[""] = f"cannot look at what it needs: {described(error)}; mend {type(section.settings).__name__}"
        return wrong


class _ThisUser:
    """Whoever asks, where the gateway runs as the same user."""

    def why_not(self, path: Path, found: os.stat_result) -> str:
        """Why this user may not read a file, and what lets him; empty where he may."""
        return "" if os.access(path, os.R_OK) else f"this user may not read {path}; sudo chown $USER {path} && chmod u+r {path}"

    def why_unwritable(self, path: Path, found: os.stat_result) -> str:
        """Why this user may not write to a file or a folder, and what lets him; empty where he may."""
        if os.access(path, os.W_OK | os.X_OK if stat.S_ISDIR(found.st_mode) else os.W_OK):
            return ""
        return f"this user cannot write to {path}; let the gateway's user write there, or name another path"


def _of_database(store: StoreSettings, reader: ServiceUser | _ThisUser | None) -> Iterator[tuple[str, str]]:
    """What a store in a database needs here, by the key of [store]. Whether it can be reached is not asked: it may come later."""
    if store.url and (text := why_no_driver()):
        yield "url", text
    if store.password_file and (text := _of_file(Path(store.password_file), reader)):
        yield "password_file", text


def _of_file(path: Path, reader: ServiceUser | _ThisUser | None) -> str:
    """What is wrong with a file; empty where nothing is, or this user may not know."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return f"there is no file {path}; make it, or mend the path"
    except NotADirectoryError:
        return f"there is no file {path}: {path.parent} is no folder; mend the path"
    except OSError:
        return reader.why_shut(path) if isinstance(reader, ServiceUser) else ""
    if stat.S_ISDIR(found.st_mode):
        return f"{path} is a folder; name the file in it"
    if stat.S_ISREG(found.st_mode) and not found.st_size:
        return f"the file {path} is empty; write into it what belongs there"
    if reader is None:
        return ""
    return reader.why_not(path, found) or (why_hidden(path) if isinstance(reader, ServiceUser) else "")


def _of_folder(path: Path, document: Document, reader: ServiceUser | _ThisUser | None) -> Iterator[str]:
    """What is wrong with the folder of a file that the gateway makes, or with that file; a folder that is missing it makes too."""
    if os.path.isdir(path):  # noqa: PTH112  # where this user may not enter, pathlib raises
        yield f"{path} is a folder; name a file in it"
        return
    folder = next((one for one in path.parents if os.path.lexists(one)), Path("/"))
    if not os.path.isdir(folder):  # noqa: PTH112
        yield f"{folder} is no folder; name another path"
        return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield f"{folder} is on a medium that can only be read; name another path"
        return
    if reader is not None and (folder == path.parent if isinstance(reader, ServiceUser) else not document.path.startswith("/etc/")):
        # what is missing, systemd may make for the service
        yield from [text for one in (folder, path) if (text := _of_unwritable(one, reader))][:1]
    if isinstance(reader, ServiceUser) and path.is_absolute() and (text := why_sealed(path.parent)):
        yield text


def _of_socket(path: Path) -> str:
    """Why there can be no socket at a path; empty where its length is no reason."""
    if (length := len(os.fsencode(path))) <= _SOCKET_AT_MOST:
        return ""
    advice = f"write one of at most {_SOCKET_AT_MOST}, as /run/gateway/gateway.sock"
    return f"a path of {length} bytes is too long for a socket, and the command line will not find the gateway; {advice}"


def _of_unwritable(path: Path, reader: ServiceUser | _ThisUser) -> str:
    """Why a file or a folder cannot be written to; empty where it can, or is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return "" if stat.S_ISSOCK(found.st_mode) else reader.why_unwritable(path, found)
