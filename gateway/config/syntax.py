"""What is wrong with a text that is no TOML, in words for people: each line of it that tomllib does not take.

tomllib stops at the first, and says what it expected there. Here the line is looked at again for what people write: marks that no keyboard
shows, curly quotes, words without quotes, numbers as they stand on paper, comments and tables of other kinds of files. Then the line is
left out, and the text read once more, for the next.
Source: TOML v1.0.0.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator

from gateway.config.locator import Position
from gateway.config.meant import number_meant, truth_meant
from gateway.config.problems import Problem, dotted

_LINES_AT_MOST = 20
"""So many wrong lines are told: to find each, all of the text is read."""
_READ_AGAIN = 100_000
"""Characters of a text that is: nobody writes a longer one by hand, and each reading takes its time."""
_LOOKED_AT = 500
"""Characters of a line that is looked at closely."""

_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+(?P<closed>"?)|\'[^\']*+(?P<ended>\'?)|#.*+')
"""Texts and comments. It never tries again, not where a text is open: that reaches to the end of the line."""
_EXPECTS_QUOTE = 'Expected "\'"'
"""What tomllib says at the end of the file where a text in single quotes is open in some line of it."""
_KEY = re.compile(r"\s*(?P<key>[A-Za-z0-9_.-]+|\"[^\"]*\"|'[^']*')\s*(?P<mark>==|=>|:=|=|:|\s(?=\S))\s*(?P<value>.*)")
_HEADER = re.compile(r"\s*\[(?!\[)(?P<name>[^\[\]#=]*+)(?P<end>\]?)\s*(?P<behind>[^\s#].*)?(?:#.*)?")
_ON_ONE_LINE = re.compile(r"\[[^\[\]{}]*+\]")
_BETWEEN = re.compile(r"[{}]|,(?![0-9]++\s*+[,}])|\Z")
"""What ends a value in { }, where texts and lists are blank."""
_LISTED = re.compile(r"\s*\{[^{}:=]*=")
"""A line that begins with a table of a list, and is none of JSON."""
_OPENS = re.compile(r"[\[{(]|\"\"\"|'''")
QUOTES = "“”„‟«»‘’‚‛‹›″′´`"  # noqa: RUF001  # the ambiguous ones are meant
"""Quotes that editors and web pages put in the place of the straight ones."""
_FOREIGN = {
    "//": "a comment begins with #",
    "/*": "a comment begins with #",
    ";": "a comment begins with #",
    "--": "a comment begins with #",
    "%": "a comment begins with #",
    "<!--": "a comment begins with #",
    "```": "this is no line of TOML; take it out",
    "<<<<<<<": "two versions of the file stand here, one behind the other; keep one, and take the marks out",
    "=======": "two versions of the file stand here, one behind the other; keep one, and take the marks out",
    ">>>>>>>": "two versions of the file stand here, one behind the other; keep one, and take the marks out",
    "{": "this looks like JSON, and the file is TOML: a header [serial.NAME], and key = value lines below it",
    "- ": "this looks like YAML, and the file is TOML: a header [serial.NAME], and key = value lines below it",
    "<": "this looks like XML, and the file is TOML: a header [serial.NAME], and key = value lines below it",
    "export ": "this is a line of a shell, and the file is TOML: key = value",
}
"""What lines of other kinds of files begin with."""


def syntax_problems(text: str, error: tomllib.TOMLDecodeError) -> list[Problem]:
    """The problems of a text that tomllib does not take with this error: the first, and those that come to light without its line."""
    lines = text.replace("\r\n", "\n").split("\n")
    if "\r" in text.replace("\r\n", ""):
        return [Problem(_place(error, lines), "", "the line ends are those of old Macs (CR alone); save the file with LF, or CR LF")]
    found: list[Problem] = []
    most, last = _LINES_AT_MOST if len(text) <= _READ_AGAIN else 1, 0
    while True:
        place = _place(error, lines)
        if place.line <= last:
            return found  # what is wrong is no matter of one line
        last = place.line
        found.append(_problem(str(error), place, lines[place.line - 1]))
        if len(found) == most or not _leave_out(lines, place.line - 1):
            return found
        try:
            tomllib.loads("\n".join(lines))
            return found
        except tomllib.TOMLDecodeError as next_one:
            error = next_one


def _leave_out(lines: list[str], at: int) -> bool:
    """Take a wrong line out; False where others may hang together with it, so that nothing true could be said of them."""
    line = lines[at]
    if line.lstrip().startswith("["):
        lines[at] = f'["line {at}"]'  # what stands below it belongs to a table of its own
        return True
    outside = _uncovered(line)
    if _OPENS.search(outside) or any(bracket in outside for bracket in ")]}"):
        return False
    lines[at] = ""
    return True


def _place(error: tomllib.TOMLDecodeError, lines: list[str]) -> Position:
    """Where tomllib stopped; the end of the text, where it came so far."""
    match = re.search(r"\(at line (\d+), column (\d+)\)\Z", str(error))
    if not match and str(error).startswith(_EXPECTS_QUOTE):
        at = next((at for at in reversed(range(len(lines))) if _is_open(lines[at])), len(lines) - 1)
        return Position(at + 1, len(lines[at]) + 1)
    return Position(int(match[1]), int(match[2])) if match else Position(len(lines), len(lines[-1]) + 1)


def _is_open(line: str) -> bool:
    """Whether a text that began with a single quote is not closed in its line."""
    return any(found[0][0] == "'" and not found["ended"] for found in _STRINGS.finditer(line[:_LOOKED_AT]))


def _problem(message: str, place: Position, line: str) -> Problem:
    said = message.rpartition(" (at ")[0] or message
    if len(line) > _LOOKED_AT:
        return Problem(place, "", _plainly(said, line))
    for look in (_strange, _open_table, _foreign, _header, _statement):
        for column, text in look(line, place.column):
            return Problem(Position(place.line, column), "", text)
    return Problem(place, "", _plainly(said, line))


Found = Iterator[tuple[int, str]]
"""What is wrong in a line, and its column."""


def _uncovered(line: str) -> str:
    """A line with blanks in the place of its texts and comments; a text that is not closed stays."""
    return _STRINGS.sub(lambda found: " " * len(found[0]) if found[0][0] == "#" or found["closed"] or found["ended"] else found[0], line)


def _strange(line: str, column: int) -> Found:
    """A character outside of texts that TOML knows nothing of: an invisible one, a curly quote, a letter of another alphabet."""
    covered = _uncovered(line)
    for at, character in enumerate(covered):
        if character.isascii():
            continue
        if not visible(character):
            yield at + 1, f"{invisible(character)} stands here; delete it, and type a space where one is wanted"
        elif character in QUOTES:
            yield at + 1, f'{character} is no quote that TOML knows; write the straight " before and behind the text'
        elif "=" not in covered[:at]:
            name, plain = unicodedata.name(character, "no name").lower(), unicodedata.normalize("NFKC", character)
            advice = f"write {plain}" if plain.isascii() else "write letters a to z, digits, _ and -"
            yield at + 1, f"{character!r} ({name}) cannot stand in a name; {advice}"
        break


def invisible(character: str) -> str:
    """An invisible character, by what it is called: `an invisible character (no-break space, U+00A0)`."""
    return f"an invisible character ({unicodedata.name(character, 'control character').lower()}, U+{ord(character):04X})"


def visible(text: str) -> str:
    """A text without the characters that nobody sees."""
    return "".join(one for one in text if one.isascii() or (one.isprintable() and unicodedata.category(one) != "Zs"))


def _foreign(line: str, column: int) -> Found:
    """A line of another kind of file."""
    begin = len(line) - len(line.lstrip())
    for mark, said in _FOREIGN.items():
        if line.startswith(mark, begin):
            yield begin + 1, said


def _header(line: str, column: int) -> Found:
    found = _HEADER.fullmatch(line)
    if found is None:
        return
    name = found["name"].strip()
    if not name or name.endswith(".") or name.startswith(".") or ".." in name:
        yield found.start("name") + 1, "a table has a name, with something on both sides of each dot; write [serial.NAME]"
    elif not re.fullmatch(r"(?:[A-Za-z0-9_-]+|\"[^\"]+\"|'[^']+')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]+\"|'[^']+'))*", name):
        plain = re.sub(r"[^A-Za-z0-9_-]+", ".", name, count=1)
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).strip("._")
        yield found.start("name") + 1, f"[{name}] is no name of a table; write letters a to z, digits, _ and -, with dots: [{plain}]"
    elif not found["end"]:
        yield len(line.rstrip()) + 1, f"the ] behind the name is missing; write [{name}]"
    elif found["behind"]:
        yield found.start("behind") + 1, f"[{name}] stands on a line of its own; {_behind(found['behind'], 'put what is behind it below')}"


def _behind(text: str, otherwise: str) -> str:
    return "a comment begins with #" if text.startswith(("//", ";", "/*", "--")) else otherwise


def _statement(line: str, column: int) -> Found:
    found = _KEY.fullmatch(line)
    if found is None:
        return
    key, mark, value = found["key"], found["mark"], found["value"]
    start = found.start("value") + 1
    shown = _written(value, key)
    if mark.isspace() and re.match(r"[A-Za-z0-9_-]+(?:[ \t]+[A-Za-z0-9_-]+)*+\s*=", value):
        rest, _, wanted = value.partition("=")
        whole = "_".join([key, *rest.split()])
        yield found.end("key") + 1, f"a key has no space in it; write {whole} = {_written(wanted.strip(), whole)}"
    elif mark in (":", "=>", ":=", "=="):
        at = found.start("mark") + 1
        if not value:
            yield at, f"a key has a value behind =, and a table has a header; write [{key}] for a table"
        yield at, f"between a key and its value stands one =; write {key} = {shown}"
    elif mark != "=":
        yield start, f"the = between a key and its value is missing; write {key} = {shown}"
    elif not value or value.startswith("#"):
        yield start, f"the value is missing; write one behind {key} =, or take the line out, and the default holds"
    elif text := _wrong_value(key, value):
        yield start, text


def _wrong_value(key: str, value: str) -> str:
    """What is wrong with the text behind the =; empty where that is not known, or nothing is."""
    if _is_value(value):
        return ""
    if value[0] in "\"'":
        return _wrong_text(value)
    if value[0] in "[{":
        return _wrong_table(value) if value[0] == "{" else ""
    word = re.split(r"#|//|;|/\*", value, maxsplit=1)[0].strip()
    bare = word.rstrip(", ")
    if word != value.partition("#")[0].strip() and _is_value(bare):
        return f"a comment begins with #, and nothing else stands behind a value; write {key} = {bare}"
    if _is_value(bare):
        return f"take the comma at the end out; write {key} = {bare}" if bare != word else ""
    if truth := truth_meant(bare):
        otherwise = ", in lower case" if bare.lower() == truth else f', or "{bare}" where it is a text'
        return f"{bare} is no TOML value; write {truth}{otherwise}"
    if bare.lower() in ("none", "null", "nil", "undefined"):
        return f"there is no {bare} in TOML; take the line out, and the default holds"
    if re.fullmatch(r"[0-9.]+\s*[*/+-]\s*[0-9.*/+ -]+", bare) and not re.fullmatch(r"[0-9]+-[0-9]+-[0-9]+", bare):
        return f"TOML does not calculate; write what {bare} comes to"
    if number := number_meant(bare, key.rpartition(".")[2]):
        return f"{word} is no number in TOML; write {key} = {number}"
    if bare.startswith("$"):
        return f"TOML has no variables; write the value of {bare} itself, a text in quotes"
    if "=" in bare:
        return "one key = value stands on a line; text stands in quotes"
    return f"text stands in quotes; write {key} = {_quoted(bare)}" if _is_word(bare) else ""


def _wrong_text(value: str) -> str:
    closed = re.match(r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'", value)
    if closed is None:
        return ""
    behind = value[closed.end() :].strip()
    if behind.partition("#")[0].rstrip().endswith(value[0]) and "=" not in behind:
        other = "double" if value[0] == "'" else "single"
        return f"a {value[0]} stands within the text; put the text between {other} quotes"
    if "\\" in closed.group() and value[0] == '"':
        single = closed.group()[1:-1].replace("\\\\", "\\")
        return f"a \\ between double quotes begins a special character; write '{single}', in single quotes" if "'" not in single else ""
    advice = "take the comma at its end out" if behind == "," else "one key = value stands on a line"
    advice = advice if "=" in behind else _behind(behind, advice)
    return f"{behind} stands behind the text; {advice}" if behind and not behind.startswith("#") else ""


def _open_table(line: str, column: int) -> Found:
    """A table in { } that goes on in the next line, as in JSON: TOML takes it on one line alone."""
    covered = _uncovered(line)
    at = covered.rfind("{")
    if at < 0 or "}" in covered[at:] or not (_LISTED.match(covered) or "=" in covered[:at]):
        return
    key = covered.partition("=")[0].strip() if "=" in covered[:at] else ""
    shown = f"{key} = " if key and "[" not in covered[:at] else ""
    listed = f"; in a list, each table on a line of its own: {key} = [ {{ … }}, {{ … }} ]" if key and not shown else ""
    yield (
        at + 1,
        f"a table in {{ }} ends on the line that it begins on; write it on one line, {shown}{{ KEY = VALUE, KEY = VALUE }}{listed}",
    )


def _wrong_table(value: str) -> str:
    if pair := re.search(r"[{,]\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*:", value):
        return f"between a key and its value stands =, in {{ }} too; write {{ {pair[1]} = VALUE }}"
    for key, inner in _inner_values(value):
        if wrong := "" if _is_value(inner) else _wrong_value(key, inner):
            return wrong
        if inner[0] in "\"'" and not _is_value(inner):
            return f"the text of {key} is not closed; put a quote at its end"
    return "{ } stands on one line, without a comma before the }; or write a table [ ] with lines of its own"


def _inner_values(table: str) -> Iterator[tuple[str, str]]:
    """Each key on one line in { }, of tables within it too, and the text of its value. A comma between digits, as in 1,8, is part of it."""
    covered = _ON_ONE_LINE.sub(lambda found: " " * len(found[0]), _uncovered(table))
    start = 0
    for mark in _BETWEEN.finditer(covered):
        key, equals, value = table[start : mark.start()].partition("=")
        start = mark.end()
        if equals and value.strip():
            yield key.strip(), value.strip()


def _is_value(word: str) -> bool:
    try:
        tomllib.loads(f"x = {word}")
    except tomllib.TOMLDecodeError:
        return False
    return bool(word)


def _is_word(text: str) -> bool:
    return bool(text) and text.isprintable() and not re.search(r"[\"'\[\]{},]", text)


def _quoted(text: str) -> str:
    return f"'{text}'" if "\\" in text else f'"{text}"'


def _written(value: str, key: str) -> str:
    """A value as it stands in TOML; VALUE where it cannot be told."""
    word = value.partition("#")[0].strip()
    if _is_value(word):
        return word
    return number_meant(word, key) or truth_meant(word) or (_quoted(word) if _is_word(word) else "VALUE")


def _twice(said: str, line: str) -> str:
    name = dotted(tuple(re.findall(r"'([^']*)'", said)))
    several = f", or write [[{name}]] for each of a list" if name.count(".") > 1 else ""
    return f"the table [{name}] stands twice, by a header or by a key of its own; keep one of them{several}"


def _overwritten(said: str, line: str) -> str:
    if "=" in line:
        return f"the key {line.partition('=')[0].strip()} stands twice in its table; keep one of them"
    if header := re.match(r"\s*\[\[([^\[\]]++)\]\]", line):
        name = header[1].strip()
        return f"one pair of brackets made one table of [{name}] above; write [[{name}]] there too"
    return "this key stands twice in its table"


_PLAINLY: tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...] = (
    (re.compile(r"Cannot declare \(.*\) twice", re.DOTALL), _twice),
    (re.compile("Cannot overwrite a value"), _overwritten),
    (
        re.compile(r"Illegal character '\\n'|Found invalid character '\\n'|" + re.escape(_EXPECTS_QUOTE)),
        lambda *_: "the text is not closed; put a quote at its end",
    ),
    (re.compile("Invalid value"), lambda *_: "no TOML value; text stands in quotes, true and false are lower case"),
    (re.compile("Unterminated string"), lambda *_: "a text that began with three quotes is not closed; put three at its end"),
    (re.compile("Unclosed array"), lambda *_: "a [ is open here; put the ] behind the last value of the list"),
    (
        re.compile("Cannot mutate immutable namespace .*|Cannot redefine namespace .*", re.DOTALL),
        lambda *_: "its table has values already, on one line in { } or with dots; keep all of a table in one place",
    ),
)
"""tomllib's commonest sentences, and what is said for them where the line itself tells no more."""


def _plainly(said: str, line: str) -> str:
    for pattern, sentence in _PLAINLY:
        if pattern.fullmatch(said):
            return sentence(said, line)
    return f"no TOML: {said[:1].lower()}{said[1:]}; mend this line"
