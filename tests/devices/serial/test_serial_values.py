"""Values of a port: what the table of values makes of real lines, and what `gateway check` says of the table."""

import logging
from pathlib import Path

import pytest

from devices.serial.simulated_line import SimulatedLine
from gateway.actors.vocabulary import Quality, Report
from gateway.config import ConfigProblems, read
from tests.devices.serial.conftest import Open

NESTED = b'{"device":"plug","Time":"2030-01-02T03:04:05","DS18B20":{"Temperature":19.25},"relays":[true,false],"none":null}\n'


def test_nested_fields_are_values(line: SimulatedLine, open_port: Open) -> None:
    """Without a table nothing vanishes: tables and lists have dotted names, and a null is a value that is missing."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send(NESTED)
    bench.until(lambda: bench.sent)
    said = {"Time": "2030-01-02T03:04:05", "none": None, "DS18B20.Temperature": 19.25, "relays.0": True, "relays.1": False}
    assert [(sent.to, sent.payload) for sent in bench.sent] == [("twin/plug", Report(values=said))]


def test_more_nested_fields_than_a_report_takes(line: SimulatedLine, open_port: Open) -> None:
    """A line with a large table is taken: its own fields first, and what is beyond is counted."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send(b'{"big":{%s},"device":"a","v":1}\n' % b",".join(b'"x%d":1' % n for n in range(70)))
    bench.until(lambda: bench.counters["values_beyond"])
    values = bench.sent[0].payload.values
    assert (len(values), next(iter(values)), bench.counters["values_beyond"]) == (64, "v", 7)


def test_a_table_of_values(line: SimulatedLine, open_port: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Fields are turned into values; what is out of its range is bad and said, and what is ignored is none."""
    table = {"t_c": {"from": "DS18B20.Temperature", "valid": [-40, 80], "ignore": [85.0]}, "on": "relays.0"}
    bench = open_port(codec="json", to="twin/{device}", values=table, unmapped="ignore")
    with caplog.at_level(logging.WARNING):
        line.send(NESTED + NESTED.replace(b"19.25", b"85.0") + NESTED.replace(b"19.25", b"-127"))
        bench.until(lambda: caplog.records)
    assert [sent.payload for sent in bench.sent] == [
        Report(values={"t_c": 19.25, "on": True}),
        Report(values={"on": True}),
        Report(values={"t_c": -127, "on": True}, qualities={"t_c": Quality.BAD}),
    ]
    assert (bench.counters["ignored_values"], bench.counters["bad_values"], bench.counters["bad_lines"]) == (1, 1, 0)
    assert [record.getMessage() for record in caplog.records] == [
        f"serial/bench: values that are bad on {line.path}: t_c: -127 is not within -40 to 80"
    ]


def test_a_line_of_which_all_is_ignored_is_acknowledged(line: SimulatedLine, open_port: Open) -> None:
    """There is nothing to keep of it: the device need not say it again."""
    bench = open_port(codec="json", to="twin/t", values={"t": {"ignore": [85]}}, unmapped="ignore", ack="ok {id}")
    line.send(b'{"id":1,"t":85}\n{"id":2,"t":20}\n')
    bench.until(lambda: bench.counters["acknowledged"] == 2)
    assert line.hear(1.0) == b"ok 1\nok 2\n"
    assert [sent.payload for sent in bench.sent] == [Report(values={"t": 20})]


def test_a_line_without_any_value_of_the_table_is_no_report(line: SimulatedLine, open_port: Open) -> None:
    """It is counted as a line without values."""
    bench = open_port(codec="json", to="twin/t", values={"t": {}}, unmapped="ignore")
    line.send(b'{"h":1}\n{"t":1}\n')
    bench.until(lambda: bench.sent)
    assert (bench.counters["no_report"], len(bench.sent)) == (1, 1)


def test_a_field_called_as_a_word_of_reports_may_be_in_the_table(line: SimulatedLine, open_port: Open) -> None:
    """What the table names is a value, though a report means something else by it."""
    bench = open_port(codec="json", to="twin/t", values={"air": "quality"})
    line.send(b'{"quality":"good","at_ms":5}\n')
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload == Report(values={"air": "good"}, at_ms=5)


def test_a_name_that_cannot_stand_in_an_id(line: SimulatedLine, open_port: Open, caplog: pytest.LogCaptureFixture) -> None:
    """It becomes a key, and is kept as a value; another device whose name gives the same key is refused."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send('{"device":"Küche oben","v":1}\n{"device":"Kueche oben","v":2}\n{"device":"Küche oben","v":3}\n'.encode())
    bench.until(lambda: len(bench.sent) == 2)
    assert [(sent.to, sent.payload.values) for sent in bench.sent] == [
        ("twin/Kueche_oben", {"name": "Küche oben", "v": 1}),
        ("twin/Kueche_oben", {"name": "Küche oben", "v": 3}),
    ]
    assert bench.counters["no_address"] == 1
    assert "its key Kueche_oben is already that of 'Küche oben', which came first; rename one of them" in caplog.text


SECTION = """[serial.boiler]
port = "/dev/ttyUSB0"
codec = "json"
to = "twin/boiler"
[serial.boiler.values]
t_c = {from = "t", valid = [-40, 80]}
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("valid", "valyd", "6:28   serial.boiler.values.t_c.valyd: no such key; did you mean 'valid'?"),
        (
            "[-40, 80]",
            "[80, -40]",
            "6:28   serial.boiler.values.t_c.valid: no value would be valid: 80 is more than -40",
        ),
        ("[-40, 80]", "[1]", "6:28   serial.boiler.values.t_c.valid: "),
        ("[-40, 80]", '["1,5", 80]', "6:29   serial.boiler.values.t_c.valid[0]: expected a number"),
        ("[-40, 80]", "[2030-01-02, 80]", "6:29   serial.boiler.values.t_c.valid[0]: expected a number"),
        ("[-40, 80]", "[nan, 80]", "6:29   serial.boiler.values.t_c.valid[0]: expected a number"),
        ("valid = [-40, 80]", 'class = "voltage"', "6:7   serial.boiler.values.t_c.unit: the class voltage does not take the unit '°C'"),
        ("valid = [-40, 80]", 'unit = "V", class = "temperature"', "6:27   serial.boiler.values.t_c.unit: the class temperature does not"),
        ("valid = [-40, 80]", 'class = "temprature"', "6:28   serial.boiler.values.t_c.class: there is no class 'temprature'; did you"),
        ("{from", "17 #", "6:7   serial.boiler.values.t_c: expected a table, saw 17"),
        ("t_c = {", 't_c = "x"\nt_c = {', "the key t_c stands twice in its table; keep one of them"),
        ('to = "twin/boiler"', 'to = "trip/a"\nverb = "position"', "serial.boiler.values: is for reports, and this sends 'position'"),
    ],
)
def test_a_mistake_in_the_table_is_told_where_it_stands(old: str, new: str, problem: str, tmp_path: Path) -> None:
    """`gateway check` names the line, the column and what to write."""
    path = tmp_path / "gateway.toml"
    path.write_text(SECTION.replace(old, new))
    with pytest.raises(ConfigProblems) as caught:
        read(path)
    assert problem in str(caught.value)
