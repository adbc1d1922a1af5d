"""The pulse counter: what a meter has counted, and how fast it runs."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors.vocabulary import Pressed
from gateway.business.pulses import PulseCounter, PulseMeter, PulsesSettings, PulsesState
from gateway.testing import Turns

WATER = {"per_unit": 1000, "value": "water_m3", "rate": "flow_l_per_min", "rate_per_unit": 1, "report_to": "twin/water"}


def counter(**meters: Any) -> Turns[PulsesState]:
    return Turns(PulseCounter(PulsesSettings.model_validate({"meters": meters})), me="pulses/water")


def told(turns: Turns[PulsesState]) -> list[dict[str, Any]]:
    """The values of each report."""
    return [report.values for report in turns.mail_to("twin/water")]


def test_pulses_add_up_in_the_unit_of_the_meter() -> None:
    """Those that were told together count as many; the first says no rate, for nobody knows since when."""
    turns = counter(water=WATER)
    turns.tell("pressed", {"count": 3})
    turns.advance(2)
    turns.tell("pressed", {"count": 1})
    assert told(turns) == [{"water_m3": 0.003}, {"water_m3": 0.004, "flow_l_per_min": 30.0}]


@pytest.mark.parametrize(("every_s", "still_s"), [(0.1, 5), (4, 12), (1000, 600)])
def test_the_rate_falls_to_0_when_the_pulses_stop(every_s: float, still_s: float) -> None:
    """After three of the times between them, and not sooner; once."""
    turns = counter(water=WATER)
    turns.tell("pressed")
    turns.advance(every_s)
    turns.tell("pressed")
    turns.advance(still_s - 0.1)
    assert told(turns)[-1]["flow_l_per_min"] > 0
    turns.advance(0.2)
    assert told(turns)[-1] == {"water_m3": 0.002, "flow_l_per_min": 0}
    before = len(told(turns))
    turns.advance(10_000)
    assert len(told(turns)) == before


def test_no_rate_is_told_of_a_time_in_which_nobody_counted() -> None:
    """The gateway was off for an hour while the water ran: it did not stand still, and the pulses of the hour are not known."""
    turns = counter(water=WATER)
    for _ in range(3):
        turns.advance(1)
        turns.tell("pressed")
    before = len(told(turns))
    turns.advance(3600, asleep=True)
    turns.advance(1)
    turns.tell("pressed")
    turns.advance(1)
    turns.tell("pressed")
    assert told(turns)[before:] == [{"water_m3": 0.004}, {"water_m3": 0.005, "flow_l_per_min": 60.0}]


def test_a_meter_that_stands_still_after_a_restart_says_so() -> None:
    """When it had its time to be heard again."""
    turns = counter(water=WATER)
    for _ in range(2):
        turns.advance(1)
        turns.tell("pressed")
    turns.advance(3600, asleep=True)
    assert told(turns)[-1]["flow_l_per_min"] == 60.0
    turns.advance(5.1)
    assert told(turns)[-1]["flow_l_per_min"] == 0


def test_a_meter_that_runs_again_says_its_rate_over_the_rest() -> None:
    """No rate is made up for the time in which it stood."""
    turns = counter(water=WATER)
    for seconds in (0, 1, 3600):
        turns.advance(seconds)
        turns.tell("pressed")
    assert told(turns)[-1]["flow_l_per_min"] == round(60 / 3600, 6)


def test_the_total_is_set_to_what_stands_on_the_meter() -> None:
    """And pulses add to it."""
    turns = counter(water=WATER)
    turns.tell("pressed", {"count": 5})
    answer = turns.ask("set", {"total": 1234.567}).body
    assert answer == {"water_m3": 1234.567, "pulses": 1_234_567}
    turns.tell("pressed")
    assert told(turns)[-1]["water_m3"] == 1234.568


def test_a_meter_that_the_file_does_not_name_counts_pulses() -> None:
    """It tells no twin, and publishes."""
    turns = counter()
    turns.tell("pressed", {"count": 2})
    assert turns.ask("read").body == {"total": 2, "pulses": 2}
    assert [publish.body for publish in turns.mail_to("mqtt/main")] == ['{"total":2.0,"pulses":2}']


@pytest.mark.parametrize(("rate", "per", "seconds"), [("flow_l_per_min", "", 60), ("power_w", "", 3600), ("v_per_s", "", 1), ("x", "s", 1)])
def test_the_time_of_a_rate(rate: str, per: Any, seconds: float) -> None:
    """By the end of its name, or as it is said."""
    assert PulseMeter(rate=rate, rate_per=per).per_s == seconds


@pytest.mark.parametrize("per_unit", [1e-6, 1.0, 1e9])
def test_a_total_is_a_number_whatever_is_counted(per_unit: float) -> None:
    """More pulses than a number holds exactly are refused, and what was counted stays."""
    turns = counter(water={**WATER, "per_unit": per_unit})
    turns.tell("pressed", {"count": 2**53 - 1})
    shown = turns.ask("read").body
    assert (shown["pulses"], math.isfinite(shown["water_m3"])) == (2**53 - 1, True)
    refused = turns.ask("pressed", {"count": 2})
    assert refused.reason == "cannot count 9007199254740993 pulses: 9007199254740992 are the most; set a smaller total"
    assert turns.ask("read").body["pulses"] == 2**53 - 1
    turns.tell("pressed", {"count": 1})
    assert turns.ask("read").body["pulses"] == 2**53


def test_a_meter_cannot_be_set_to_more_than_it_can_count() -> None:
    """A total is within the most pulses, and the refusal says which total that is."""
    turns = counter(water={**WATER, "per_unit": 1e9})
    refused = turns.ask("set", {"total": 1e12})
    assert refused.reason == "cannot count 1000000000000000000000 pulses: 9007199254740992 are the most; set a smaller total"
    assert turns.ask("set", {"total": 9e6}).body["water_m3"] == 9e6
    with pytest.raises(ValidationError):
        Pressed(count=2**53 + 1)


def test_wrong_settings() -> None:
    """A meter without a pulse, or with so few or so many that no total is a number, and a key that is none."""
    odd = [{key: value} for key in ("per_unit", "rate_per_unit") for value in (-1, 1e-7, 5e-324, 1e10, 1e308)]
    for meters in ({"water": {"per_unit": 0}}, {"wa/ter": {}}, *({"water": one} for one in odd)):
        with pytest.raises(ValidationError):
            PulsesSettings.model_validate({"meters": meters})
