"""The pages of a store that is corrupt, read without SQLite: each by itself, so that a bad one costs what is on it, and no more.

Only what hangs together is read, from the root of a table down: what was deleted lies on pages that nothing leads to any more.

Source: https://sqlite.org/fileformat2.html, sections 1.5, 1.6, 2.1 and 4; https://sqlite.org/cksumvfs.html.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.store.record import wal_of

_INDEX_INNER, _TABLE_INNER, _INDEX_LEAF, _TABLE_LEAF = 2, 5, 10, 13
_INNER = (_INDEX_INNER, _TABLE_INNER)
_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer, by its serial type."""
_WAL_HEAD, _FRAME_HEAD = 32, 24
_FILE_HEAD = 100
_DEEPEST = 20
_MASK = 0xFFFFFFFF


class BadPage(ValueError):
    """A page is not what it should be."""


class Pages:
    """The pages of one file, and of the -wal beside it. They are read as they are asked for."""

    def __init__(self, path: Path, *, page_bytes: int, trusting: bool = False) -> None:
        """`page_bytes`: what a page has where the file does not say it any more. Raises OSError where it cannot be read.

        `trusting`: a page whose checksum is wrong is read all the same.
        """
        self._file = path.open("rb")
        head = self._file.read(_FILE_HEAD)
        said = int.from_bytes(head[16:18], "big")
        whole = len(head) == _FILE_HEAD and head.startswith(b"SQLite format 3\0") and said >= 512 and said & (said - 1) == 0
        self._page_bytes = said if whole else page_bytes
        self._reserved = head[20] if whole else self._reserved_by_looks()
        self._wal_path = wal_of(path)
        self._in_wal = self._look_into_wal()
        self._trusting = trusting
        self.bad: set[int] = set()
        """Numbers of the pages that could not be read."""
        self.trusted: set[int] = set()
        """Numbers of the pages that were read though their checksum is wrong."""

    def _reserved_by_looks(self) -> int:
        """What is reserved at the end of each page, where the file does not say it: eight bytes, if checksums stand there."""
        self._file.seek(self._page_bytes)
        some = [self._file.read(self._page_bytes) for _ in range(4)]
        return 8 if any(len(page) == self._page_bytes and _checksum(page[:-8]) == page[-8:] for page in some) else 0

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def rows(self, root: int) -> Iterator[list[Any]]:
        """The rows of the table whose root is that page, in order: those that can be read. A table with row ids has them first."""
        yield from self._below(root, 0, set())

    def _below(self, number: int, depth: int, seen: set[int]) -> Iterator[list[Any]]:
        try:
            if number in seen or depth > _DEEPEST:
                raise BadPage
            seen.add(number)
            page = self._page(number)
            kind, cells, last = self._cells(page, number)
        except (BadPage, IndexError, struct.error, OSError):
            self.bad.add(number)
            return
        for at in cells:
            if kind in _INNER:
                yield from self._below(int.from_bytes(page[at : at + 4], "big"), depth + 1, seen)
            if kind == _TABLE_INNER:
                continue
            try:
                row = self._row(page, at, kind)
            except (BadPage, IndexError, struct.error, UnicodeDecodeError, OSError):
                self.bad.add(number)
            else:
                yield row
        if kind in _INNER:
            yield from self._below(last, depth + 1, seen)

    def _cells(self, page: bytes, number: int) -> tuple[int, list[int], int]:
        """The kind of a page, where its cells are, and its last child."""
        head = _FILE_HEAD if number == 1 else 0
        kind, count = page[head], int.from_bytes(page[head + 3 : head + 5], "big")
        if kind not in (_INDEX_INNER, _TABLE_INNER, _INDEX_LEAF, _TABLE_LEAF) or count > len(page) // 4:
            raise BadPage
        begin = head + (12 if kind in _INNER else 8)
        return kind, list(struct.unpack_from(f">{count}H", page, begin)), int.from_bytes(page[head + 8 : head + 12], "big")

    def _row(self, page: bytes, at: int, kind: int) -> list[Any]:
        at += 4 if kind == _INDEX_INNER else 0
        size, at = _varint(page, at)
        rowid, at = _varint(page, at) if kind == _TABLE_LEAF else (0, at)
        values = _record(self._payload(page, at, size, kind))
        return [rowid, *values[1:]] if kind == _TABLE_LEAF and values[0] is None else values

    def _payload(self, page: bytes, at: int, size: int, kind: int) -> bytes:
        """What a cell holds: what does not fit its page is on a chain of others."""
        usable = self._page_bytes - self._reserved
        most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        least = (usable - 12) * 32 // 255 - 23
        if size <= most:
            here = size
        else:
            here = least + (size - least) % (usable - 4)
            here = here if here <= most else least
        found = bytearray(page[at : at + here])
        following = int.from_bytes(page[at + here : at + here + 4], "big") if size > here else 0
        while len(found) < size:
            if not following:
                raise BadPage
            page = self._page(following)
            found += page[4 : min(usable, 4 + size - len(found))]
            following = int.from_bytes(page[:4], "big")
        return bytes(found)

    def _page(self, number: int) -> bytes:
        """One page as the last commit left it. Raises BadPage where its checksum is wrong, or there is none."""
        size = self._page_bytes
        if number in self._in_wal:
            with self._wal_path.open("rb") as wal:
                wal.seek(self._in_wal[number])
                page = wal.read(size)
        else:
            self._file.seek((number - 1) * size)
            page = self._file.read(size)
            if len(page) == size and self._reserved == 8 and _checksum(page[:-8]) != page[-8:]:
                if not self._trusting:
                    raise BadPage
                self.trusted.add(number)
        if number < 1 or len(page) != size:
            raise BadPage
        return page

    def _look_into_wal(self) -> dict[int, int]:
        """Where the newest of each page is in the -wal, up to the last commit whose frames are whole."""
        try:
            wal = self._wal_path.read_bytes()
        except OSError:
            return {}
        found: dict[int, int] = {}
        commit: dict[int, int] = {}
        order = ">" if wal[3:4] == b"\x83" else "<"
        step = _FRAME_HEAD + self._page_bytes
        sums = _add(wal[:24], order, (0, 0)) if len(wal) >= _WAL_HEAD else (0, 0)
        for at in range(_WAL_HEAD, len(wal) - step + 1, step):
            head = wal[at : at + _FRAME_HEAD]
            sums = _add(wal[at + _FRAME_HEAD : at + step], order, _add(head[:8], order, sums))
            if head[8:16] != wal[16:24] or struct.pack(">2I", *sums) != head[16:24]:
                break
            commit[int.from_bytes(head[:4], "big")] = at + _FRAME_HEAD
            if head[4:8] != b"\0\0\0\0":
                found |= commit
                commit = {}
        return found


def _varint(blob: bytes, at: int) -> tuple[int, int]:
    """A number of up to nine bytes, and where it ends."""
    value = 0
    for _ in range(8):
        byte = blob[at]
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at
    return value << 8 | blob[at], at + 1


def _record(payload: bytes) -> list[Any]:
    """The values of a row."""
    end, at = _varint(payload, 0)
    values: list[Any] = []
    body = end
    while at < end:
        kind, at = _varint(payload, at)
        size = _SIZES.get(kind, 0) if kind < 12 else (kind - 12) // 2
        part = payload[body : body + size]
        if len(part) != size or kind in (7, 10, 11):
            raise BadPage
        body += size
        if kind >= 12:
            values.append(part.decode() if kind % 2 else part)
        else:
            values.append(None if kind == 0 else kind - 8 if kind > 7 else int.from_bytes(part, "big", signed=True))
    return values


def _checksum(page: bytes) -> bytes:
    """What cksumvfs writes at the end of a page."""
    return struct.pack("<2I", *_add(page, "<", (0, 0)))


def _add(blob: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """The two sums that a -wal, and cksumvfs, go by: over pairs of words of four bytes."""
    one, two = sums
    words = struct.unpack(f"{order}{len(blob) // 4}I", blob)
    for at in range(0, len(words), 2):
        one = one + words[at] + two & _MASK
        two = two + words[at + 1] + one & _MASK
    return one, two
