"""One rule, turn by turn: when it tells, whom, and that it tells once."""

from pathlib import Path
from typing import Any

import pytest

from gateway.actors.vocabulary import Notify, Report, Switch
from gateway.business.rule import RuleActor, RulePhase, RuleSettings
from gateway.business.twin import Twin
from gateway.config import ConfigProblems, read
from gateway.testing import Turns
from gateway.testing.turns import row

ON = {"to": "gpio/fan", "verb": "switch", "payload": {"on": True}}
OFF = {"to": "gpio/fan", "verb": "switch", "payload": {"on": False}}


def rule(**said: Any) -> Turns[Any]:
    """A rule that watches the value t of twin/boiler."""
    fields = {"of": "twin/boiler", "value": "t", "tell": ON, "tell_at_end": OFF, **said}
    settings = RuleSettings.model_validate({"fan": {name: value for name, value in fields.items() if value is not None}})
    others = {"twin": Twin.verbs, "gpio": {"switch": row("switch", Switch)}, "webhook": {"notify": row("notify", Notify)}}
    turns = Turns(RuleActor(settings), me="rule/fan", reachable=others)
    turns.tell("watch")
    turns.mail.clear()
    return turns


def reads(turns: Turns[Any], t: Any, *, presence: str = "online", quality: str = "good") -> None:
    """The twin says how the boiler is."""
    values = {} if t is None else {"t": {"value": t, "unit": "", "at_ms": 0, "quality": quality}}
    turns.copy_comes("twin", {"values": values, "presence": presence})


def told(turns: Turns[Any]) -> list[bool]:
    """What the fan was told, in order."""
    return [payload.on for payload in turns.mail_to("gpio/fan")]


def test_it_tells_when_it_is_so_and_when_it_is_no_more() -> None:
    """Above 60 the fan goes on, once; it goes off when the value is inside by the hysteresis."""
    turns = rule(above=60, hysteresis=5)
    for t in (50, 61, 62, 57, 54, 50):
        reads(turns, t)
    assert told(turns) == [True, False]
    assert (turns.state.phase, turns.state.told) == (RulePhase.WATCHING, 2)


def test_it_waits_until_it_has_been_so_for_long_enough() -> None:
    """What passes by itself is told to nobody."""
    turns = rule(above=60, for_s=30)
    reads(turns, 61)
    turns.advance(29)
    reads(turns, 50)
    turns.advance(60)
    assert (told(turns), turns.state.phase) == ([], RulePhase.WATCHING)
    reads(turns, 61)
    turns.advance(30)
    assert told(turns) == [True]


@pytest.mark.parametrize(("wanted", "seen"), [(True, [False, True, True, False]), ("ON", ["OFF", "ON", "ON", "OFF"]), (2, [0, 2, 2, 1])])
def test_it_waits_for_a_word(wanted: Any, seen: list[Any]) -> None:
    """`is` takes a truth value, a word or a number."""
    turns = rule(**{"is": wanted})
    for one in seen:
        reads(turns, one)
    assert told(turns) == [True, False]


def test_it_tells_each_change() -> None:
    """With `changes` each change is told, and the first value is none."""
    turns = rule(changes=True, tell_at_end=None)
    for one in (1, 1, 2, 2, 3):
        reads(turns, one)
    assert told(turns) == [True, True]


def test_it_tells_of_silence() -> None:
    """A device that falls silent, or never spoke, is told of; and that it is heard again."""
    turns = rule(value="", silent=True)
    reads(turns, 1)
    reads(turns, 1, presence="silent", quality="stale")
    reads(turns, 1)
    assert told(turns) == [True, False]


def test_a_rule_of_silence_has_the_twin_say_that_it_was_never_heard() -> None:
    """A twin that nobody ever heard is asked to say so."""
    turns = rule(value="", silent=True)
    turns.tell("watch")
    assert [message.verb for message in turns.mail if message.to == "twin/boiler"] == ["Builtin.Watch", "expect"]


@pytest.mark.parametrize("quality", ["bad", "missing", "stale"])
def test_what_it_cannot_judge_leaves_it_as_it_is(quality: str, caplog: pytest.LogCaptureFixture) -> None:
    """A bad value neither begins nor ends anything, and is said once."""
    turns = rule(above=60)
    reads(turns, 61)
    reads(turns, 10, quality=quality)
    reads(turns, 11, quality=quality)
    assert (told(turns), turns.state.findings.cannot) == ([True], f"t of twin/boiler is {quality}")
    assert [record.getMessage() for record in caplog.records] == [f"rule/fan can judge nothing: t of twin/boiler is {quality}"]


def test_over_a_restart_it_tells_nobody_twice() -> None:
    """The state is durable: watching again, and the same values again, are no news."""
    turns = rule(above=60)
    reads(turns, 61)
    turns.tell("watch")
    reads(turns, 61)
    assert told(turns) == [True]


def test_a_rule_that_is_gone_from_the_file_is_silent() -> None:
    """What comes for it then is dropped, and who asks is told what there is."""
    turns = rule(above=60)
    turns.actor.settings = RuleSettings.model_validate({})
    reads(turns, 61)
    assert told(turns) == []
    assert turns.ask("read").reason == "there is no [actors.rule.fan]; there is none"


def test_it_can_tell_any_actor() -> None:
    """A rule may write to a twin as well as to a webhook."""
    turns = rule(above=60, tell={"to": "twin/house", "verb": "report", "payload": {"values": {"hot": True}}}, tell_at_end=None)
    reads(turns, 61)
    assert turns.mail_to("twin/house") == [Report(values={"hot": True})]


FAN = """[gpio.fan]
type = "relay"
pin = 4
[actors.rule.fan]
of = "twin/boiler"
value = "t"
above = 60
tell = {to = "gpio/fan", verb = "switch", payload = {on = true}}
"""


def test_a_rule_is_a_table_of_its_own(tmp_path: Path) -> None:
    """[actors.rule.fan] is rule/fan, and begins to watch at the start."""
    path = tmp_path / "gateway.toml"
    path.write_text(FAN)
    (actor,) = (actor for actor in read(path).actors if actor.kind == "rule")
    assert isinstance(actor, RuleActor)
    assert actor.settings.at_start() == [("rule/*", "retire"), ("rule/fan", "watch")]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("above", "abov", "7:8   actors.rule.fan.abov: no such key; did you mean 'above'?"),
        (
            '"gpio/fan", verb',
            '"gpio/fam", verb',
            "8:14   actors.rule.fan.tell.to: cannot send to gpio/fam: the file has no such device; did you mean",
        ),
        ('"switch"', '"swich"', "8:14   actors.rule.fan.tell.to: cannot send 'swich' to gpio: it has no such verb; did you mean 'switch'?"),
        ("{on = true}", "{on = 1}", "8:59   actors.rule.fan.tell.payload.on: expected true or false, saw 1"),
        ('"twin/boiler"', '"boiler"', "5:6   actors.rule.fan.of: cannot use 'boiler' as an actor id"),
        ("above = 60\n", "", "4:14   actors.rule.fan: it watches nothing"),
        ("above = 60", "changes = true\nfor_s = 3", "8:9   actors.rule.fan.for_s: a change is over at once, and never lasts"),
        ("[actors.rule.fan]", "[actors.rule.'a b']", "4:9   actors.rule: cannot use 'a b' as the key of a rule"),
        ("[actors.rule.fan]", "[actors.rule.rules.fan]", "1 problem in"),
        ("[actors.rule.fan]", "[actors.rule.rules.fan]", "4:14   actors.rule.rules: each has a table of its own, one level up; write"),
        ("[actors.rule.fan]", "[actors.rule]", "actors.rule.of: expected a table"),
    ],
)
def test_a_mistake_in_a_rule_is_told_where_it_stands(old: str, new: str, problem: str, tmp_path: Path) -> None:
    """`gateway check` names the line and the column, of the target, the verb and the payload too."""
    path = tmp_path / "gateway.toml"
    path.write_text(FAN.replace(old, new))
    with pytest.raises(ConfigProblems) as caught:
        read(path)
    assert problem in str(caught.value)


def with_rule(turns: Turns[Any], **said: Any) -> None:
    """The file is read again, and has another rule in its place, or none."""
    fields = {"of": "twin/boiler", "value": "t", "tell": ON, "tell_at_end": OFF, **said}
    turns.actor.settings = RuleSettings.model_validate({"fan": fields} if said else {})
    for id, verb in turns.actor.settings.at_start():
        if id in ("rule/*", "rule/fan"):
            turns.tell(verb)


def test_a_rule_that_was_taken_out_while_it_holds_ends_what_it_told() -> None:
    """Nobody would ever turn the fan off: whoever is told at its end is told, once. What did not hold tells nobody."""
    turns = rule(above=60)
    reads(turns, 61)
    with_rule(turns)
    with_rule(turns)
    assert (told(turns), turns.state.phase, dict(turns.ties.copies)) == ([True, False], RulePhase.WATCHING, {})
    with_rule(turns, above=60)
    reads(turns, 61)
    assert told(turns) == [True, False, True]
    for other in (rule(above=60), rule(above=60, for_s=30), rule(above=60, tell_at_end=None)):
        reads(other, 61 if other.actor.settings.rules["fan"].for_s else 50)
        with_rule(other)
        other.advance(60)
        assert told(other) == []


def test_its_end_is_as_the_file_had_it_last() -> None:
    """It may have been added while it held; and whom it names may be gone with the rule, which ends all the same."""
    turns = rule(above=60, tell_at_end=None)
    reads(turns, 61)
    with_rule(turns, above=60)
    with_rule(turns)
    assert told(turns) == [True, False]


def test_a_rule_ends_although_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    """The fan was taken out of the file with the rule."""
    turns = rule(above=60)
    reads(turns, 61)
    gone = Turns(RuleActor(RuleSettings()), me="rule/fan", reachable={"twin": Twin.verbs})
    gone.state, gone.born, gone.ties = turns.state, True, turns.ties
    gone.tell("retire")
    assert gone.state.phase is RulePhase.WATCHING
    assert "rule/fan cannot tell gpio/fan that it is over" in caplog.text


def test_another_for_s_holds_for_what_waits_already() -> None:
    """It counts from when it began to be so: at a start of the gateway too."""
    sooner, later, same = rule(above=60, for_s=86_400), rule(above=60, for_s=60), rule(above=60, for_s=60)
    for turns, for_s in ((sooner, 90), (later, 600), (same, 60)):
        reads(turns, 61)
        turns.advance(30)
        with_rule(turns, above=60, for_s=for_s)
        turns.advance(29)
        assert told(turns) == []
    same.advance(2)
    sooner.advance(32)
    later.advance(540)
    assert (told(same), told(sooner), told(later)) == ([True], [True], [])
    later.advance(2)
    assert told(later) == [True]


def test_what_waits_is_looked_at_by_the_rule_as_it_is_now() -> None:
    """Another limit came with another time: what is overdue by that, and is so no more, tells nobody; nor does what another twin said."""
    for said in ({"above": 80}, {"above": 60, "of": "twin/other"}):
        turns = rule(above=60, for_s=600)
        reads(turns, 65)
        turns.advance(60)
        with_rule(turns, for_s=30, **said)
        turns.advance(10)
        assert told(turns) == []
    turns = rule(above=60, for_s=600)
    reads(turns, 85)
    turns.advance(60)
    with_rule(turns, for_s=30, above=80)
    turns.advance(1)
    assert told(turns) == [True]


def test_a_rule_ends_although_what_it_told_does_not_fit_any_more(caplog: pytest.LogCaptureFixture) -> None:
    """The verb takes other fields in the program that took over from the one that kept it."""
    turns = rule(above=60)
    reads(turns, 61)
    turns.state = turns.state.changed(at_end=turns.state.at_end.model_copy(update={"payload": {"speed": 3}}))
    with_rule(turns)
    assert turns.state.phase is RulePhase.WATCHING
    assert "rule/fan cannot tell gpio/fan that it is over" in caplog.text
