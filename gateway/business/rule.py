"""Rules: while something is so with a device, somebody is told; and when it is no more, somebody else.

[actors.rule.fan]
of = "twin/boiler"
value = "temperature_c"
above = 60
hysteresis = 5
for_s = 30
tell = {to = "gpio/fan", verb = "switch", payload = {on = true}}
tell_at_end = {to = "gpio/fan", verb = "switch", payload = {on = false}}

A rule keeps a copy of its twin, and its state is durable: over a restart it tells nobody twice, and what has changed meanwhile is told.
Taken out of the configuration while it holds, it tells the end as it would have; what another `for_s` says counts from when it began.
What it cannot judge (a bad value, a misspelt name) leaves it as it is, and it says so: a rule that must not go on then takes `silent`.
"""

import enum
import logging
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from gateway.actors import Actor, BadId, BadPayload, By, Copy, Else, Settings, Stage, Standing, UnknownTarget, verb
from gateway.actors.guards import refuse
from gateway.actors.ids import check_id, is_key
from gateway.actors.machine import Machine
from gateway.actors.stamps import Stamped
from gateway.actors.vocabulary import Scalar
from gateway.business.condition import Condition, Findings, judge
from gateway.business.twin_state import presence_in

_PENDING = "pending"

log = logging.getLogger(__name__)


class ToTell(BaseModel):
    """What a rule tells: a verb of any actor, and its payload."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    to: str
    """Id of the actor that is told."""
    verb: str = Field(min_length=1, max_length=128)
    payload: dict[str, JsonValue] = {}

    @field_validator("to")
    @classmethod
    def _is_id(cls, text: str) -> str:
        return check_id(text)


class Rule(Condition):
    """One rule: what is to be so, and who is told."""

    tell: ToTell
    """Told when it has been so for `for_s`; with `changes`, at each change."""
    tell_at_end: ToTell | None = None
    """Told when it is so no more. Default: nobody."""

    @model_validator(mode="after")
    def _ends(self) -> "Rule":
        if self.changes and self.tell_at_end is not None:
            raise ValueError("tell_at_end: a change has no end; take it out, or give `is` in the place of `changes`")
        return self


class RuleSettings(Settings):
    """Section `[actors.rule]`: each table in it is a rule, `[actors.rule.fan]` is `rule/fan`."""

    model_config = ConfigDict(extra="allow")
    tables: ClassVar[type[BaseModel] | None] = Rule

    __pydantic_extra__: dict[str, Rule] = Field(init=False)

    @model_validator(mode="after")
    def _has_keys(self) -> "RuleSettings":
        for key in self.rules:
            if not is_key(key):
                raise ValueError(f"cannot use {key!r} as the key of a rule: write letters, digits and . _ ~ : @ = , -")
        return self

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules by their keys."""
        return self.__pydantic_extra__

    def at_start(self) -> list[tuple[str, str]]:
        """Each rule, which begins to watch at the start; and each that the file has no more, which ends what it told."""
        return [("rule/*", "retire"), *((f"rule/{key}", "watch") for key in self.rules)]

    def lacks(self) -> dict[str, str]:
        """What of a rule does nothing."""
        return {f"{key}.{name}": why for key, rule in self.rules.items() for name, why in rule.idle.items()}

    def watched(self) -> list[tuple[str, str, str]]:
        """The values that the rules are about."""
        return [(f"{key}.value", rule.of, rule.value) for key, rule in self.rules.items() if rule.value]

    def awaited(self) -> list[tuple[str, str, str, Scalar]]:
        """What values are waited for."""
        return [(f"{key}.is", rule.of, rule.value, rule.equals) for key, rule in self.rules.items() if rule.equals is not None]

    def addresses(self) -> list[tuple[str, str, str]]:
        """The twins that are watched, and whoever is told."""
        watched = [(f"{key}.of", rule.of, "read") for key, rule in self.rules.items()]
        return watched + [(f"{at}.to", told.to, told.verb) for at, told in self._told()]

    def payloads(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """What is told."""
        return [(f"{at}.payload", told.to, told.verb, told.payload) for at, told in self._told()]

    def _told(self) -> list[tuple[str, ToTell]]:
        rows = [(f"{key}.{name}", getattr(rule, name)) for key, rule in self.rules.items() for name in ("tell", "tell_at_end")]
        return [(at, told) for at, told in rows if told is not None]


class RulePhase(enum.Enum):
    """Where a rule stands."""

    WATCHING = "watching"
    PENDING = "pending"
    """It is so, not for long enough yet."""
    HOLDS = "holds"
    """It has been so for long enough, and somebody was told."""


class RuleState(Stamped):
    """What a rule remembers."""

    INNER = ("held_clock_ms", "at_end", "findings.anchor", "findings.last")

    phase: RulePhase = RulePhase.WATCHING
    findings: Findings = Findings()
    since_ms: int = 0
    """Wall time of the last change of phase, milliseconds since 1970."""
    held_clock_ms: int = 0
    """Since when it has been so, by the gateway's own clock, milliseconds; 0: it is not."""
    at_end: ToTell | None = None
    """Whom the rule tells at its end, while it holds: the file may have lost the rule by then."""
    told: int = 0
    """How often somebody was told."""
    why: tuple[str, ...] = ()
    """What was so when somebody was told last."""


class RuleActor(Actor[RuleState]):
    """Watches a device, and tells an actor when something is so."""

    kind = "rule"
    settings_model = RuleSettings
    settings: RuleSettings
    copies = {"twin": Copy("twin", "values", "presence")}
    machine = Machine(
        initial=RulePhase.WATCHING,
        entry={RulePhase.PENDING: "begin_waiting", RulePhase.HOLDS: "begin"},
        exit={RulePhase.PENDING: "end_waiting", RulePhase.HOLDS: "end"},
    )

    @verb
    def watch(self, stage: Stage[RuleState]) -> None:
        """Begin to watch what the configuration says, or go on; sent at each start of the gateway."""
        rule = self._known_rule(stage)
        if rule is not None:
            self._begin_to_watch(rule, stage)
            if stage.state.phase is RulePhase.PENDING:
                self._wait_on(rule, stage)
            elif stage.state.phase is RulePhase.HOLDS and stage.state.at_end != rule.tell_at_end:
                stage.state = stage.state.changed(at_end=rule.tell_at_end)
            stage.reply(stage.state)

    @verb(to={RulePhase.WATCHING}, by=By.ACTORS)
    def retire(self, stage: Stage[RuleState]) -> None:
        """End what holds, where the configuration has no such rule any more; sent at each start."""
        if self._rule(stage) is not None:
            return
        stage.drop_copy("twin")
        if stage.state.phase is not RulePhase.WATCHING:
            self.cease(stage)
            stage.state = stage.state.changed(findings=Findings(), held_clock_ms=0)

    @verb
    def read(self, stage: Stage[RuleState]) -> None:
        """Answer with everything the rule knows."""
        if self._known_rule(stage) is not None:
            stage.reply(stage.state)

    def copied(self, name: str, stage: Stage[RuleState]) -> None:
        """Look whether it is so, because the twin has changed."""
        rule, copy = self._rule(stage), stage.copy(name)
        if rule is None or copy is None:
            self.retire(stage)
            return
        if copy.standing is Standing.ENDED:
            self._begin_to_watch(rule, stage)
            return
        self._look(rule, copy.values, stage)

    def _look(self, rule: Rule, values: dict[str, Any], stage: Stage[RuleState]) -> None:
        """Look whether it is so with what the twin has said, and follow that."""
        before, presence = stage.state.findings, presence_in(values)
        found = judge(rule, before, values.get("values", {}), presence=presence, clock_ms=stage.clock_ms, since_ms=stage.listening_since_ms)
        held_clock_ms = (stage.state.held_clock_ms or stage.clock_ms) if found.wrong and not rule.changes else 0
        if found != before or held_clock_ms != stage.state.held_clock_ms:
            stage.state = stage.state.changed(findings=found, held_clock_ms=held_clock_ms)
        if found.cannot and found.cannot != before.cannot:
            log.warning("%s can judge nothing: %s", stage.me, found.cannot)
        self._move(rule, stage)

    @verb(when={RulePhase.WATCHING}, to={RulePhase.PENDING, RulePhase.HOLDS}, by=By.ITSELF)
    def hold(self, stage: Stage[RuleState]) -> None:
        """Begin to wait, or tell at once, because it is so."""
        rule = self._rule(stage)
        if rule is not None:
            self._enter(stage, RulePhase.PENDING if rule.for_s else RulePhase.HOLDS)

    @verb(when={RulePhase.PENDING, RulePhase.HOLDS}, to={RulePhase.WATCHING}, by=By.ITSELF)
    def cease(self, stage: Stage[RuleState]) -> None:
        """Go back to watching, because it is so no more; where somebody was told, the end is told too."""
        self._enter(stage, RulePhase.WATCHING)

    @verb(when={RulePhase.PENDING}, to={RulePhase.HOLDS}, unless=Else.IGNORE, by=By.ITSELF)
    def waited(self, stage: Stage[RuleState]) -> None:
        """Tell, because it has been so for long enough (the rule's own timer)."""
        self._enter(stage, RulePhase.HOLDS)

    def _wait_on(self, rule: Rule, stage: Stage[RuleState]) -> None:
        """Go on waiting by what the rule says now, which may be another time, and another limit: what is overdue by the one and not so by
        the other must not be told. Of another twin nothing is known yet."""
        copy = stage.copy("twin")
        if copy is None or copy.standing is Standing.WAITING:
            self.cease(stage)
            stage.state = stage.state.changed(findings=Findings(), held_clock_ms=0)
        elif copy.standing is Standing.CURRENT:
            self._look(rule, copy.values, stage)
        if stage.state.phase is RulePhase.PENDING:
            self.begin_waiting(stage)

    def _move(self, rule: Rule, stage: Stage[RuleState]) -> None:
        """Follow what was found."""
        holds, phase = bool(stage.state.findings.wrong), stage.state.phase
        if rule.changes:
            if holds:
                self._tell(rule.tell, stage)
        elif holds and phase is RulePhase.WATCHING:
            self.hold(stage)
        elif not holds and phase is not RulePhase.WATCHING:
            self.cease(stage)

    def begin_waiting(self, stage: Stage[RuleState]) -> None:
        """Set the timer after which it counts, unless it is over before."""
        rule = self._rule(stage)
        passed_s = stage.since_s(stage.state.held_clock_ms or stage.clock_ms)
        stage.after(max(0.0, rule.for_s - passed_s) if rule else 0.0, "waited", name=_PENDING)

    def end_waiting(self, stage: Stage[RuleState]) -> None:
        """Cancel the timer that `begin_waiting` set."""
        stage.cancel(_PENDING)

    def begin(self, stage: Stage[RuleState]) -> None:
        """Tell whoever is to be told."""
        rule = self._rule(stage)
        if rule is not None:
            stage.state = stage.state.changed(at_end=rule.tell_at_end)
            self._tell(rule.tell, stage)

    def end(self, stage: Stage[RuleState]) -> None:
        """Tell whoever is to be told that it is over."""
        rule, kept = self._rule(stage), stage.state.at_end
        stage.state = stage.state.changed(at_end=None)
        if rule is not None and rule.tell_at_end is not None:
            self._tell(rule.tell_at_end, stage)
        elif rule is None and kept is not None:
            self._tell_without_rule(kept, stage)

    def _tell_without_rule(self, told: ToTell, stage: Stage[RuleState]) -> None:
        """Tell the end of a rule that the configuration has no more. Whoever was to be told may have been taken out with it."""
        try:
            self._tell(told, stage)
        except (BadId, BadPayload, UnknownTarget) as error:
            log.warning("%s cannot tell %s that it is over: %s", stage.me, told.to, error)

    def _tell(self, told: ToTell, stage: Stage[RuleState]) -> None:
        stage.tell(told.to, told.verb, dict(told.payload) or None)
        stage.state = stage.state.changed(told=stage.state.told + 1, why=stage.state.findings.wrong or stage.state.why)

    def _enter(self, stage: Stage[RuleState], phase: RulePhase) -> None:
        stage.enter(phase)
        stage.state = stage.state.stamped(stage.stamp(), "since_ms")

    def _begin_to_watch(self, rule: Rule, stage: Stage[RuleState]) -> None:
        """Keep a copy of the twin; where its silence counts, have the twin also say when it was never heard."""
        stage.keep_copy("twin", rule.of)
        if rule.silent:
            stage.tell(rule.of, "expect")

    def _rule(self, stage: Stage[RuleState]) -> Rule | None:
        return self.settings.rules.get(stage.key)

    def _known_rule(self, stage: Stage[RuleState]) -> Rule | None:
        """The rule as the file has it; where it has none, whoever asked is told so."""
        rule = self._rule(stage)
        if rule is None:
            refuse(stage, f"there is no [actors.rule.{stage.key}]; there is {', '.join(sorted(self.settings.rules)) or 'none'}")
        return rule
