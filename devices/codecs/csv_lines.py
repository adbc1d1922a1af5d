"""CSV lines: cells between delimiters, whose names the file says, or a header line does.

Source: RFC 4180, section 2 (quotes).
"""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.numbers import number_of, says_none, scalar_of, written
from devices.codecs.simulated import USUAL, simulated_fields
from devices.codecs.text import read_text

MOST_COLUMNS = 256
HEADER_EVERY = 20
"""A simulated device whose columns the file does not name says them before so many lines."""


class CsvSettings(CodecSettings):
    """The options of the codec `csv`."""

    columns: list[str] = Field(default=[], max_length=MOST_COLUMNS)
    """The names of the cells, from the left; a cell whose name is "" is left out. None: a header line says them."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal_comma: bool = False
    """Whether 21,5 is a number."""

    @model_validator(mode="after")
    def _is_clear(self) -> "CsvSettings":
        named = [name for name in self.columns if name]
        if twice := next((name for name in named if named.count(name) > 1), ""):
            raise ValueError(f"columns: {twice!r} comes twice; give each column a name of its own")
        if self.columns and not named:
            raise ValueError('columns: no cell has a name; name those that are values, and leave the others ""')
        if self.decimal_comma and self.delimiter == ",":
            raise ValueError('delimiter: a comma cannot both part the cells and the decimals; set delimiter = ";" or as the device has it')
        if self.delimiter in '"\r\n':
            raise ValueError(f"delimiter: {self.delimiter!r} cannot part cells; write the sign that stands between them")
        return self

    def field_names(self) -> list[str] | None:
        return [name for name in self.columns if name] or None


class CsvLines(Codec):
    """Reads each line by its columns. A header line, where they are not said, is one without a number in it. Of two in a row the second is
    none, nor is one where no number has been before: it has the units, or the words of a device that says no numbers."""

    settings_model = CsvSettings

    def __init__(self, settings: CsvSettings) -> None:
        super().__init__(settings)
        self._delimiter = settings.delimiter
        self._decimal_comma = settings.decimal_comma
        self._columns = list(settings.columns)
        self._said = bool(settings.columns)
        self._numbers = False
        """Whether a line since the header had a number in it."""

    def decode(self, frame: bytes) -> Fields:
        cells = self._cells(read_text(frame))
        if not self._said and self._is_header(cells):
            self._columns, self._numbers = cells, False
            return {}
        columns = self._columns
        if not columns:
            raise BadFrame("no_columns", "cannot read a CSV line: no header line has come yet; name the columns in the file")
        if len(cells) == len(columns) + 1 and not cells[-1]:
            cells.pop()
        if len(cells) != len(columns):
            raise BadFrame("columns", f"cannot read a CSV line: it has {len(cells)} cells, {len(columns)} are named")
        values = [scalar_of(cell, decimal_comma=self._decimal_comma) for cell in cells]
        self._numbers = self._numbers or not {int, float}.isdisjoint(map(type, values))
        return {name: value for name, value in zip(columns, values, strict=True) if name}

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        if not self._columns:
            raise CannotEncode("cannot write a CSV line: no columns are named; name them in the file")
        if unknown := [name for name in fields if name not in self._columns]:
            raise CannotEncode(f"cannot write a CSV line: there is no column {unknown[0]!r}; name it in the file")
        cells = [self._cell(fields.get(name) if name else None) for name in self._columns]
        return self._delimiter.join(cells).encode()

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        if self._said:
            return super().simulated(number, wanted)
        fields = dict(wanted) if len(wanted) > 1 else {**wanted, **simulated_fields(number, USUAL)}  # one name alone is no header
        self._columns = list(fields)
        header = [self._delimiter.join(map(self._cell, fields)).encode()] if number % HEADER_EVERY == 0 else []
        return (*header, self.encode(fields))

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return [cell.strip() for cell in text.split(self._delimiter)]
        try:
            return [cell.strip() for cell in next(csv.reader([text], delimiter=self._delimiter, strict=True))]
        except (csv.Error, StopIteration) as error:
            raise BadFrame("not_csv", f"cannot read a CSV line: {error}") from None

    def _is_header(self, cells: list[str]) -> bool:
        if cells == self._columns:
            return True
        if len(cells) == len(self._columns) and not (self._numbers and all(cells)):
            return False
        names = [cell for cell in cells if cell]
        return (
            0 < len(names) == len(set(names)) <= MOST_COLUMNS
            and all(number_of(cell, decimal_comma=self._decimal_comma) is None and not says_none(cell) for cell in names)
            and len(cells) > 1
        )

    def _cell(self, value: Any) -> str:
        if not isinstance(value, (str, int, float, type(None))):
            raise CannotEncode(f"cannot write a CSV line: {str(value)[:40]!r} is no single value")
        text = written(value, decimal_comma=self._decimal_comma)
        if "\n" in text or "\r" in text:
            raise CannotEncode("cannot write a CSV line: a value has more than one line")
        quoted = '"' in text or self._delimiter in text
        return '"{}"'.format(text.replace('"', '""')) if quoted else text
