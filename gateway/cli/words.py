"""The words that the gateway says and a stranger does not know."""

WORDS = {
    "actor": "whoever takes messages: a device (gpio/lamp) or something that remembers (twin/boiler). Each handles one message at a time.",
    "ordinary actor": "an actor that is no device. It exists because somebody wrote to it, needs no section in the file, and its state is "
    "in the store: twins, trips, alarms, actors of your own.",
    "host-bound": "an actor that owns something of this computer: a serial port, a pin, the connection to a broker. Each is a section of "
    "the file, and starts and ends with the gateway.",
    "kind": "what sort an actor is of: the first half of its id. gateway show KIND lists those that there are.",
    "id": "the address of an actor, kind/key, as in twin/boiler; of one that belongs to another, both: contacts/home/user/ann.",
    "local": "the key of an actor of which each gateway has one: journal/local, control/local, statistics/local.",
    "verb": "what an actor can be told or asked: switch, read, report. A wrong one is answered with those that there are.",
    "payload": "the fields that a verb takes, as name=value words or JSON.",
    "tell, ask": "send a message: tell is done when it is on disk, ask waits for the answer.",
    "source": "whoever brings messages in from outside: a port, a pin, a broker, this command line. Where it can wait, it waits for room.",
    "away": "not there now: a port, a pin, a broker or a server. What is for it waits on disk.",
    "mailbox": "the messages that wait for one actor, on disk, in their order.",
    "turn": "one message handled by one actor, from its start to its end. All it does happens, or, where it fails, none of it.",
    "stage": "all that one turn does, until it is over: new state, messages, timers.",
    "commit": "writing to disk what many turns did, all at once. Only after it anything is sent or acknowledged.",
    "dead letter": "a message that nobody could take, kept with the reason until somebody decides: gateway dead-letters.",
    "expired": "not handled, for it waited longer than its sender said, or than such a command may (act_within_s).",
    "repeat": "a message under an id that is known already: acknowledged, and not handled again.",
    "life": "one run of the gateway, from its start to its end; life 12 is the twelfth on this store. Also what an actor has, from the "
    "first message that left something to its end.",
    "in memory": "actors that were written to lately. The others are in the store, and come back by themselves.",
    "passivated": "left memory because nobody wrote for a while; state and timers are in the store, and nothing is lost.",
    "paused": "handles nothing until somebody decides, for a message failed too often: gateway resume ID.",
    "twin": "what one device last said of itself: values with units and times, and whether it is still heard.",
    "codec": "how the bytes of a line become values: json, nmea or text.",
    "route": "the actors that one message goes to, one after the other.",
    "gather": "waits for the answers of several actors, until all are there or the time is over.",
    "copy": "fields of another actor that an actor keeps, kept up to date.",
    "collection": "finds a text by its key, among hundreds of thousands.",
    "read model": "an actor that is told what happened to others, and adds it up: census/all.",
    "journal": "journal/local: what event-sourced actors (contacts) have recorded, in order: gateway events.",
    "control": "control/local: the socket through which this command line asks.",
    "job": "job/main:evening remembers when the job evening of clock/main was last done.",
    "ballast": "a file that takes room on the disk, so that deleting it makes room when the disk is full.",
    "loss window": "for how many seconds a power cut may cost what was acknowledged (loss_window_s); 0: for none.",
    "simulated": "stands in the place of a device that is not there. A simulated gateway (gateway.simulate) has a store, a client id "
    "and topics of its own, and shares nothing with a real one.",
}
"""Each with what it means, in the order in which one meets them."""
