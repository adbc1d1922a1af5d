"""The user whom the unit that is installed runs as, and what that user may: as the modes of files and folders say it, so that whoever asks
is told the same, root too, who may read all.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from gateway.config.own_kinds import is_source
from gateway.entering import folders_to

SERVICE_USER = "gateway"
_ITS_FOLDER = "/etc/gateway"
"""Where its files belong. (Homes the unit hides from it, whatever their modes.)"""


class ServiceUser(NamedTuple):
    """The user of the service, and the groups it is in."""

    uid: int
    groups: list[int]

    @classmethod
    def found(cls) -> Self | None:
        """That user, where there is one on this host."""
        import pwd  # noqa: PLC0415  # only where what is installed is checked

        try:
            user = pwd.getpwnam(SERVICE_USER)
        except KeyError:
            return None
        return cls(user.pw_uid, os.getgrouplist(SERVICE_USER, user.pw_gid))

    def why_not(self, path: Path, found: os.stat_result) -> str:
        """Why the service may not read a file, and what lets it; empty where it may."""
        if shut := self.why_shut(path):
            return shut
        mend = f"sudo chgrp {SERVICE_USER} {path} && sudo chmod g+r {path}"
        return "" if self._may(found, 0o4) else f"the service runs as {SERVICE_USER}, who may not read {path}; {mend}"

    def why_shut(self, path: Path) -> str:
        """Why the service may not enter a folder on the way to a file, and what lets it; empty where it may enter all of them."""
        shut = next(self._shut_above(path), None)
        if shut is None:
            return ""
        mend = f"sudo chmod a+x {shut}" if shut.is_relative_to(_ITS_FOLDER) else f"move the file into {_ITS_FOLDER}"
        return f"the service runs as {SERVICE_USER}, who may not enter {shut}, where {path} is; {mend}"

    def why_unlisted(self, folder: Path) -> str:
        """Why the service may not read a folder of code, or a file in it, and what lets it; empty where it may, or nobody knows."""
        try:
            found = folder.stat()
            if not self._may(found, 0o5):
                return f"the service runs as {SERVICE_USER}, who may not read {folder}; sudo chmod a+rx {folder}"
            files = [Path(one.path) for one in os.scandir(folder) if is_source(one.name) and one.is_file()]
            return next((text for file in sorted(files) if (text := self.why_not(file, file.stat()))), "")
        except OSError:
            return ""

    def why_unwritable(self, path: Path, found: os.stat_result) -> str:
        """Why the service may not write to a file or a folder, and what lets it; empty where it may."""
        if not self.uid or self._may(found, 0o3 if stat.S_ISDIR(found.st_mode) else 0o2):
            return ""
        return f"the service runs as {SERVICE_USER}, who may not write to {path}; sudo chown {SERVICE_USER} {path}, or name another path"

    def _may(self, found: os.stat_result, wanted: int) -> bool:
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid in self.groups else 0
        return found.st_mode >> shift & wanted == wanted

    def _shut_above(self, path: Path) -> Iterator[Path]:
        """The folders on the way to a file that the service may not enter, the outermost first."""
        for folder in folders_to(path):
            try:
                if not self._may(folder.stat(), 0o1):
                    yield folder
            except OSError:
                return
