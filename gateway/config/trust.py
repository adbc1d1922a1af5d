"""Whose code may run: a file or a folder that only root and the user who runs it can write."""

import grp
import os
import pwd
import stat


def why_untrusted(found: os.stat_result) -> str:
    """Why code from a file or folder must not run; empty where it may. What is to be done is in it."""
    user = os.geteuid()
    if found.st_uid not in {0, user}:
        return f"it belongs to {_user(found.st_uid)}, who could change it at will; sudo chown root, or {_user(user)}"
    if found.st_mode & stat.S_IWOTH:
        return f"everybody can write to it (mode {stat.S_IMODE(found.st_mode):04o}); chmod o-w"
    if found.st_mode & stat.S_IWGRP and not _is_private(found.st_gid, found.st_uid):
        return f"the group {_group(found.st_gid)} can write to it (mode {stat.S_IMODE(found.st_mode):04o}); chmod g-w"
    return ""


def _is_private(group: int, user: int) -> bool:
    """Whether a group has no member but its user: Debian gives each user such a group."""
    try:
        entry, owner = grp.getgrgid(group), pwd.getpwuid(user)
    except KeyError:
        return False
    return group == 0 or (owner.pw_gid == group and entry.gr_name == owner.pw_name and set(entry.gr_mem) <= {owner.pw_name})


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
