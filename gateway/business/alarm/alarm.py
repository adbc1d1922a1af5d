"""An alarm: watches one twin, and tells people, once, until somebody has acknowledged.

It keeps a copy of the twin's values. What is wrong for long enough raises it; raised, it sends a notice along a route through the
contacts, which say whom to tell, tells each of them, and gathers what was delivered. Where nobody acknowledges it escalates.
A drill says that it is one, in all that is told of it; what is really wrong meanwhile ends it, and is told as what it is.

    gateway ask alarm/freezer drill
    gateway ask alarm/freezer acknowledge '{"by": "ann"}'
"""

import logging
from typing import Any

from pydantic import Field

from gateway.actors import Actor, By, Copy, Else, Payload, RouteFailed, Stage, Standing, verb
from gateway.actors.gather import ASKED_AT_MOST, Gathered
from gateway.actors.guards import refuse
from gateway.actors.machine import Machine
from gateway.actors.payloads import read_payload
from gateway.business.alarm.calling_off import call_off
from gateway.business.alarm.rules import AlarmRule, AlarmSettings
from gateway.business.alarm.state import AlarmPhase, AlarmState
from gateway.business.alarm.telling import over_of, request_to, shown, subject_of, text_of
from gateway.business.alarm.times import ESCALATION, PENDING, WORSE, keep_time, mind, wait
from gateway.business.condition import Findings, judge, news_in
from gateway.business.notices import Notice, Recipient
from gateway.business.twin_state import presence_in

MOST_UNTOLD = 50
"""How many failures of one incident are remembered."""
_OF_DRILL = ".drill"
"""Ends the name of a gather that tells of a drill."""
_RAISED = (AlarmPhase.ACTIVE, AlarmPhase.ACKNOWLEDGED)

log = logging.getLogger(__name__)


class Acknowledgement(Payload):
    """Payload of the verb `acknowledge`: who knows of the alarm."""

    by: str = Field(default="", max_length=128)


class Alarm(Actor[AlarmState]):
    """Watches a device, and tells people when something is wrong with it."""

    settings_model = AlarmSettings
    settings: AlarmSettings
    copies = {"twin": Copy("twin", "values", "presence")}
    machine = Machine(
        initial=AlarmPhase.NORMAL,
        parents={AlarmPhase.ACTIVE: AlarmPhase.RAISED, AlarmPhase.ACKNOWLEDGED: AlarmPhase.RAISED},
        entry={AlarmPhase.PENDING: "begin_waiting", AlarmPhase.RAISED: "begin_incident", AlarmPhase.ACTIVE: "begin_escalation"},
        exit={
            AlarmPhase.PENDING: "end_waiting",
            AlarmPhase.ACTIVE: "end_escalation",
            AlarmPhase.ACKNOWLEDGED: "end_worse",
            AlarmPhase.RAISED: "end_incident",
        },
    )

    # --- what it sees

    @verb
    def watch(self, stage: Stage[AlarmState]) -> None:
        """Begin to watch what the configuration says, or go on; sent at each start of the gateway."""
        rule = self._known_rule(stage)
        if rule is not None:
            self._begin_to_watch(rule, stage)
            self._look_anew(rule, stage)
            keep_time(stage, rule)
            stage.reply(stage.state)

    @verb(to={AlarmPhase.CLEARED, AlarmPhase.NORMAL}, by=By.ACTORS)
    def retire(self, stage: Stage[AlarmState]) -> None:
        """End what stands, and remove what was published, where the configuration has no such alarm any more; sent at each start."""
        stands = stage.state.phase not in (AlarmPhase.NORMAL, AlarmPhase.CLEARED)
        if self._rule(stage) is not None or not (stands or stage.copy("twin")):
            return
        stage.drop_copy("twin")
        if stands:
            self._end(stage)
        stage.state = stage.state.changed(findings=Findings(), wrong_clock_ms=0)
        self.settings.clear(stage)

    def copied(self, name: str, stage: Stage[AlarmState]) -> None:
        """Look whether something is wrong, because the twin has changed."""
        rule, copy = self._rule(stage), stage.copy(name)
        if rule is None or copy is None:
            self.retire(stage)
            return
        if copy.standing is Standing.ENDED:
            self._begin_to_watch(rule, stage)  # somebody had the twin forget its device: there may be another
            return
        self._look(rule, copy.values, stage)

    def _look_anew(self, rule: AlarmRule, stage: Stage[AlarmState]) -> None:
        """Look by what the rule says now at what waits or stands: with another limit it may be over, and what is overdue by another time
        must not be told then. Of another twin nothing is known yet."""
        phase, copy = stage.state.phase, stage.copy("twin")
        if phase is AlarmPhase.PENDING and (copy is None or copy.standing is Standing.WAITING):
            stage.state = stage.state.changed(findings=Findings())
            self._end(stage)
        elif copy is not None and copy.standing is Standing.CURRENT and phase in (AlarmPhase.PENDING, *_RAISED):
            self._look(rule, copy.values, stage)

    def _look(self, rule: AlarmRule, values: dict[str, Any], stage: Stage[AlarmState]) -> None:
        """Look whether something is wrong with what the twin has said, and follow that."""
        before, presence = stage.state.findings, presence_in(values)
        findings = judge(
            rule, before, values.get("values", {}), presence=presence, clock_ms=stage.clock_ms, since_ms=stage.listening_since_ms
        )
        wrong_clock_ms = (stage.state.wrong_clock_ms or stage.clock_ms) if findings.wrong else 0
        if findings != before or wrong_clock_ms != stage.state.wrong_clock_ms:
            stage.state = stage.state.changed(findings=findings, wrong_clock_ms=wrong_clock_ms)
        if findings.cannot != before.cannot:
            self._say_what_it_cannot(findings.cannot, stage)
        state = stage.state
        if state.findings.wrong and state.phase in (AlarmPhase.NORMAL, AlarmPhase.CLEARED):
            self.suspect(stage)
        elif not state.findings.wrong and state.phase not in (AlarmPhase.NORMAL, AlarmPhase.CLEARED) and not state.drill:
            self._end(stage)
        elif state.phase is AlarmPhase.ACKNOWLEDGED or state.drill:
            mind(stage, rule)

    @verb(when={AlarmPhase.NORMAL, AlarmPhase.CLEARED}, to={AlarmPhase.PENDING, AlarmPhase.ACTIVE})
    def suspect(self, stage: Stage[AlarmState]) -> None:
        """Begin to wait, or raise the alarm at once, because something is wrong."""
        rule = self._known_rule(stage)
        if rule is not None:
            self._enter(stage, AlarmPhase.PENDING if rule.for_s else AlarmPhase.ACTIVE)

    @verb(when={AlarmPhase.PENDING, AlarmPhase.RAISED}, to={AlarmPhase.NORMAL, AlarmPhase.CLEARED})
    def clear(self, stage: Stage[AlarmState]) -> None:
        """End the incident, because all is right again or somebody says so; what is still wrong begins the next one when the twin
        changes."""
        self._end(stage)
        stage.reply(stage.state)

    def _end(self, stage: Stage[AlarmState]) -> None:
        passed = stage.state.phase is AlarmPhase.PENDING and not stage.state.incident
        stage.state = stage.state.changed(wrong_clock_ms=0)
        self._enter(stage, AlarmPhase.NORMAL if passed else AlarmPhase.CLEARED)

    @verb(when={AlarmPhase.RAISED}, to={AlarmPhase.ACTIVE, AlarmPhase.CLEARED}, unless=Else.IGNORE, by=By.ITSELF)
    def worsen(self, stage: Stage[AlarmState]) -> None:
        """Tell people of something else that has been wrong for long enough (the alarm's own timer).

        In an incident that somebody has acknowledged it is told as news of that. A drill is over with it, and it is an incident.
        """
        state, rule = stage.state, self._rule(stage)
        new = news_in(state.findings, state.why)
        stage.state = state.changed(worse=False)
        if rule is None or not new:
            return
        if state.drill:
            self._enter(stage, AlarmPhase.CLEARED)
            self._enter(stage, AlarmPhase.ACTIVE)
            return
        stage.state = stage.state.changed(why=state.why + new, acknowledged_by="", escalations=0)
        self._enter(stage, AlarmPhase.ACTIVE)
        self._notice(rule, stage, user=rule.user, group=rule.group)

    @verb(when={AlarmPhase.PENDING}, to={AlarmPhase.ACTIVE}, unless=Else.IGNORE, by=By.ITSELF)
    def waited(self, stage: Stage[AlarmState]) -> None:
        """Raise the alarm, because something has been wrong for long enough (the alarm's own timer)."""
        self._enter(stage, AlarmPhase.ACTIVE)

    @verb(when={AlarmPhase.ACTIVE}, unless=Else.IGNORE, by=By.ITSELF)
    def escalate(self, stage: Stage[AlarmState]) -> None:
        """Tell people again, because nobody has acknowledged in time (the alarm's own timer)."""
        rule = self._rule(stage)
        if rule is None or not rule.escalate_after_s or stage.state.escalations >= rule.escalations:
            return
        stage.state = stage.state.changed(escalations=stage.state.escalations + 1)
        self._notice(rule, stage, user=rule.escalate_user or rule.user, group=rule.escalate_group or rule.group)
        stage.after(rule.escalate_after_s, "escalate", name=ESCALATION)
        self._publish(stage)

    def _begin_to_watch(self, rule: AlarmRule, stage: Stage[AlarmState]) -> None:
        """Keep a copy of the twin; where its silence is wrong, have the twin also say when it was never heard."""
        stage.keep_copy("twin", rule.of)
        if rule.silent:
            stage.tell(rule.of, "expect")

    def _say_what_it_cannot(self, cannot: str, stage: Stage[AlarmState]) -> None:
        """Tell that the alarm can judge nothing, or that it can again: an alarm that is silently blind is worse than none."""
        if cannot:
            log.warning("%s can judge nothing: %s", stage.me, cannot)
        self._publish(stage)

    # --- what people do

    @verb(when={AlarmPhase.NORMAL, AlarmPhase.CLEARED, AlarmPhase.PENDING}, to={AlarmPhase.ACTIVE})
    def drill(self, stage: Stage[AlarmState]) -> None:
        """Try the alarm out: it is raised at once, whatever the twin says, until somebody acknowledges or clears it, or something is really
        wrong."""
        rule = self._known_rule(stage)
        if rule is not None:
            stage.state = stage.state.changed(drill=True)
            self._enter(stage, AlarmPhase.ACTIVE)
            mind(stage, rule)
            stage.reply(stage.state)

    @verb(when={AlarmPhase.RAISED}, to={AlarmPhase.ACKNOWLEDGED, AlarmPhase.CLEARED, AlarmPhase.PENDING, AlarmPhase.ACTIVE})
    def acknowledge(self, said: Acknowledgement, stage: Stage[AlarmState]) -> None:
        """Note that somebody knows: the alarm does not escalate any more, and a drill is over. The first one stands; answers with the
        state.

        What is really wrong meanwhile was not acknowledged with the drill: it goes on waiting for its time.
        """
        if stage.state.phase is AlarmPhase.ACTIVE:
            stage.state = stage.state.changed(acknowledged_by=said.by or stage.message.sender or "somebody")
            self._enter(stage, AlarmPhase.ACKNOWLEDGED)
        if stage.state.drill:
            self._enter(stage, AlarmPhase.CLEARED)
            if stage.state.findings.wrong:
                self.suspect(stage)
        stage.reply(stage.state)

    @verb
    def read(self, stage: Stage[AlarmState]) -> None:
        """Answer with everything the alarm knows."""
        if self._known_rule(stage) is not None:
            stage.reply(stage.state)

    @verb(by=By.ACTORS)
    def show(self, stage: Stage[AlarmState]) -> None:
        """Publish how the alarm stands, for somebody who has begun to show it."""
        self._publish(stage)

    # --- entries and exits

    def begin_waiting(self, stage: Stage[AlarmState]) -> None:
        """Set the timer after which the alarm is raised, unless all is right again before."""
        wait(stage, self._rule(stage))

    def end_waiting(self, stage: Stage[AlarmState]) -> None:
        """Cancel the timer that `begin_waiting` set: all is right again, or the alarm is raised."""
        stage.cancel(PENDING)

    def begin_incident(self, stage: Stage[AlarmState]) -> None:
        """Begin a new incident, of which people are told once."""
        state = stage.state
        stage.state = state.stamped(
            stage.stamp(),
            "raised_ms",
            incident=state.incident + 1,
            why=("drill",) if state.drill else state.findings.wrong,
            acknowledged_by="",
            escalations=0,
            told=(),
            untold=(),
        )
        rule = self._rule(stage)
        if rule is not None:
            self._notice(rule, stage, user=rule.user, group=rule.group)

    def begin_escalation(self, stage: Stage[AlarmState]) -> None:
        """Set the timer after which people are told again, unless somebody acknowledges before."""
        rule = self._rule(stage)
        if rule is not None and rule.escalate_after_s:
            stage.after(rule.escalate_after_s, "escalate", name=ESCALATION)

    def end_escalation(self, stage: Stage[AlarmState]) -> None:
        """Cancel the timer that `begin_escalation` set: somebody has acknowledged, or all is right again."""
        stage.cancel(ESCALATION)

    def end_worse(self, stage: Stage[AlarmState]) -> None:
        """Cancel the timer for what is wrong besides: it is over, or people were told."""
        stage.cancel(WORSE)
        stage.state = stage.state.changed(worse=False)

    def end_incident(self, stage: Stage[AlarmState]) -> None:
        """Tell the people who were told of the incident that it is over."""
        state = stage.state
        stage.cancel(WORSE)
        stage.state = state.changed(drill=False, worse=False)
        self._call_off(stage, state.told, state.incident, drill=state.drill)

    # --- telling people

    def _notice(self, rule: AlarmRule, stage: Stage[AlarmState], *, user: str, group: str) -> None:
        """Send a notice through the contacts, which fill in who is to be told, and back to this alarm."""
        stage.state = state = stage.state.changed(said_clock_ms=stage.clock_ms)
        notice = Notice(
            subject=subject_of(stage.key, rule, state.why, drill=state.drill),
            text=text_of(state.why, drill=state.drill),
            user=user,
            group=group,
            recipients=tuple(rule.recipients),
            fields={
                "alarm": stage.me,
                "incident": state.incident,
                "severity": rule.severity,
                "drill": state.drill,
                "escalation": state.escalations,
                "since_ms": state.raised_ms,
            },
        )
        stops = [(rule.contacts, "whom")] if rule.contacts else []
        stage.send_along(stage.route([*stops, (stage.me, "inform")], error=(stage.me, "unroutable")), notice)

    @verb(by=By.ITSELF)
    def inform(self, notice: Notice, stage: Stage[AlarmState]) -> None:
        """Tell each recipient of a notice that came back from the contacts, and gather what was delivered.

        It may come when its incident is over, and another has begun: people are told of each, and then that it is over.
        """
        rule = self._rule(stage)
        if rule is None:
            return
        if notice.recipients:
            self._tell(rule, notice, stage)
        else:
            self._note(stage, untold=("nobody: no contact fits, and the rule names no recipient",))

    @verb
    def unroutable(self, failure: RouteFailed, stage: Stage[AlarmState]) -> None:
        """Tell the recipients that the rule itself names, because the contacts could not be asked."""
        notice = read_payload(Notice, failure.payload, where=f"what came back from {failure.at}")
        self._note(stage, untold=(f"{failure.at}: {failure.reason}",))
        rule = self._rule(stage)
        if rule is not None and rule.recipients:
            self._tell(rule, notice.changed(recipients=tuple(rule.recipients)), stage)

    @verb
    def delivered(self, gathered: Gathered, stage: Stage[AlarmState]) -> None:
        """Take word of which notices were delivered."""
        asking = dict(stage.state.asking)
        asked = asking.pop(gathered.name, ())
        stage.state = stage.state.changed(asking=asking)
        came = {answer.at for answer in gathered.answers}
        told = tuple(asked[answer.at] for answer in gathered.answers if answer.ok)
        failed = tuple(f"{shown(asked[answer.at])}: {answer.reason}" for answer in gathered.answers if not answer.ok)
        late = tuple(f"{shown(asked[at])}: no answer in time" for at in range(len(asked)) if at not in came)
        incident = int(gathered.name.split(".")[0])
        if stage.state.phase not in _RAISED or incident != stage.state.incident:
            self._call_off(stage, told, incident, drill=gathered.name.endswith(_OF_DRILL))  # it is over since it was sent
        else:
            self._note(stage, told=told, untold=failed + late)

    def _call_off(self, stage: Stage[AlarmState], told: tuple[Recipient, ...], incident: int, *, drill: bool) -> None:
        """Tell the people who were told of an incident that it is over."""
        over = over_of(stage.me, incident, drill=drill, unwatched=self._rule(stage) is None)
        call_off(stage, told, over, self.settings.publish_to)

    def _tell(self, rule: AlarmRule, notice: Notice, stage: Stage[AlarmState]) -> None:
        """Tell every recipient, and gather what was delivered."""
        beyond = notice.recipients[ASKED_AT_MOST:]
        if beyond:
            self._note(stage, untold=(f"{len(beyond)} recipients: more than {ASKED_AT_MOST} are not told at once",))
            notice = notice.changed(recipients=notice.recipients[:ASKED_AT_MOST])
        said = notice.fields
        name = f"{said.get('incident', 0)}.{said.get('escalation', 0)}{_OF_DRILL if said.get('drill') else ''}"
        stage.state = stage.state.changed(asking={**stage.state.asking, name: notice.recipients})
        requests = [request_to(one, notice, self.settings.publish_to) for one in notice.recipients]
        stage.gather(requests, then="delivered", within_s=rule.deliver_within_s, name=name)

    def _note(self, stage: Stage[AlarmState], *, told: tuple[Recipient, ...] = (), untold: tuple[str, ...] = ()) -> None:
        """Remember and publish which recipients were told, and which were not."""
        state = stage.state
        new = tuple(one for one in told if one not in state.told)
        failed = tuple(one for one in untold if one not in state.untold)
        stage.state = state.changed(told=state.told + new, untold=(*state.untold, *failed)[-MOST_UNTOLD:])
        if failed:
            log.warning("%s could not tell everybody: %s", stage.me, "; ".join(failed))
        self._publish(stage)

    # --- showing it

    def _rule(self, stage: Stage[AlarmState]) -> AlarmRule | None:
        return self.settings.rules.get(stage.key)

    def _known_rule(self, stage: Stage[AlarmState]) -> AlarmRule | None:
        """The alarm's rule; where there is none, whoever asked is told so."""
        rule = self._rule(stage)
        if rule is None:
            refuse(stage, f"there is no [actors.alarm.rules.{stage.key}]; there is {', '.join(sorted(self.settings.rules)) or 'none'}")
        return rule

    def _enter(self, stage: Stage[AlarmState], phase: AlarmPhase) -> None:
        stage.enter(phase)
        stage.state = stage.state.stamped(stage.stamp(), "since_ms")
        self._publish(stage)

    def _publish(self, stage: Stage[AlarmState]) -> None:
        if self._rule(stage) is None:
            return  # of an alarm that has lost its rule nothing stays on the broker
        state = stage.state
        told: dict[str, Any] = {"told": [one.name for one in state.told], "untold": state.untold}
        if state.findings.cannot:
            told["cannot"] = state.findings.cannot
        if state.unsynced:
            told["synced"] = False
        names = ("phase", "incident", "drill", "since_ms", "raised_ms", "why", "acknowledged_by", "escalations")
        self.settings.publish(stage, {**{name: getattr(state, name) for name in names}, "wrong": state.findings.wrong, **told})
