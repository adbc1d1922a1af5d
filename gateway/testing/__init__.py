"""What users test their own actors with: no daemon, a clock they turn, fakes that behave.

Say that this is an actor of yours, a kettle that is off again five minutes after somebody turned it on:

    >>> from gateway.actors import Actor, Stage, State, verb
    >>> from gateway.actors.vocabulary import Switch
    >>> class Heat(State):
    ...     on: bool = False
    >>> class Kettle(Actor[Heat]):
    ...     @verb
    ...     def start(self, stage: Stage[Heat]) -> None:
    ...         self._turn(stage, on=True)
    ...         stage.after(300, "end")
    ...     @verb
    ...     def end(self, stage: Stage[Heat]) -> None:
    ...         self._turn(stage, on=False)
    ...     def _turn(self, stage: Stage[Heat], *, on: bool) -> None:
    ...         stage.state = stage.state.changed(on=on)
    ...         stage.tell("gpio/kettle", "switch", Switch(on=on))
    ...         stage.reply(stage.state)

**Turns** runs one actor turn by turn, on a clock that stands until you turn it. What a turn staged is there to be looked at:
`state`, `timers`, `mail` (every message, in order), `mail_to(id)` (the payloads that one actor was sent), `replies`.

    >>> from gateway.testing import Turns
    >>> kettle = Turns(Kettle(), "kettle/kitchen")
    >>> kettle.ask("start").body
    {'on': True}
    >>> list(kettle.timers)
    ['end']
    >>> kettle.advance(300)
    >>> kettle.state.on, kettle.mail_to("gpio/kettle")
    (False, [Switch(on=True), Switch(on=False)])

Nobody receives that mail. Whom an actor may write to is checked: by default whatever comes in the box, or `reachable=`.

Where the State was changed, `take_up` begins with what an older program has stored, and takes it through your `upcast`:

    >>> class Heat(State):
    ...     VERSION = 2
    ...     on: bool = False
    ...     @classmethod
    ...     def upcast(cls, version, fields):
    ...         if version == 1:
    ...             fields["on"] = fields.pop("lamp") == "lit"
    ...         return fields
    >>> class LaterKettle(Actor[Heat]): ...
    >>> Turns(LaterKettle(), "kettle/kitchen").take_up(1, {"lamp": "lit"})
    Heat(on=True)

**Rig** is the real engine, with host-bound actors, on a store that outlives it: for what several actors do together, and for
what must survive. Those named in `by_hand` get no thread: the test takes their deliveries, and says what came of them.
`tell` returns when it is committed; `crash` is a power cut.

    >>> from gateway.actors import Delivery, HostBound
    >>> from gateway.testing import ManualClock, Rig
    >>> class Relay(HostBound):
    ...     @verb
    ...     def switch(self, switch: Switch, delivery: Delivery) -> None: ...
    >>> clock = ManualClock()
    >>> with Rig([Kettle()], {"gpio/kettle": Relay}, by_hand=["gpio/kettle"], clock=clock) as rig:
    ...     _ = rig.tell("kettle/kitchen", "start")
    ...     (delivery,) = rig.until(lambda: rig.hosted["gpio/kettle"].take())
    ...     delivery.message.payload
    ...     delivery.done()
    ...     rig.crash()
    ...     rig.start()                 # another life, on the same store
    ...     rig.state("kettle/kitchen").on
    ...     rig.advance(300)            # its timer has survived
    ...     rig.state("kettle/kitchen").on
    Switch(on=True)
    True
    False

**ManualClock** has the gateway's three readings of time. `advance` turns all of them; `jump` only the wall clock, as a time
server does, by which nothing is measured. With `voucher=""` nobody vouches for the wall clock until `sync`; `reboot`, between
a rig's `crash` and its `start`, is a machine that was off. (A rig's own `advance` also lets each timer fire in its time; turn a
clock that you share with a rig through the rig.)

    >>> before_ms = clock.clock_ms()
    >>> clock.jump(-86_400)
    >>> clock.clock_ms() - before_ms
    0

**FrailStore** is a store that fails when told to, at the commit you choose: the medium refuses, it is full, or the power goes
before or after all is written. Here nothing was acknowledged, and after the medium has recovered everything is there, once.

    >>> from gateway.testing import FrailStore
    >>> store = FrailStore()
    >>> with Rig([Kettle()], {"gpio/kettle": Relay}, by_hand=["gpio/kettle"], store=store) as rig:
    ...     store.to_come = ["full"]
    ...     receipt = rig.send("kettle/kitchen", "start")
    ...     _ = rig.until(lambda: not store.to_come)
    ...     receipt.resolved
    ...     rig.advance(10)
    ...     receipt.wait(10), rig.state("kettle/kitchen").on
    False
    (True, True)

**Bench** holds one host-bound actor on a thread of its own, keeps what it sends and reports, and hands it deliveries.

    >>> from gateway.actors import Health, Start
    >>> from gateway.testing import Bench
    >>> class Lamp(HostBound):
    ...     def started(self, start: Start) -> None:
    ...         self.host.report(Health.OK, "lit")
    ...     @verb
    ...     def switch(self, switch: Switch, delivery: Delivery) -> None:
    ...         delivery.done({"on": switch.on})
    >>> with Bench(Lamp()) as bench:
    ...     answer = bench.tell("switch", {"on": True})
    ...     answer.wait(), answer.body, bench.health
    ('done', {'on': True}, [(<Health.OK: 'ok'>, 'lit')])
"""

from gateway.testing.bench import Bench, BenchDelivery, Sent
from gateway.testing.clock import ManualClock
from gateway.testing.frail import FrailStore, PowerCut
from gateway.testing.rig import OUTSIDE, Rig
from gateway.testing.turns import Turns

__all__ = ["OUTSIDE", "Bench", "BenchDelivery", "FrailStore", "ManualClock", "PowerCut", "Rig", "Sent", "Turns"]
