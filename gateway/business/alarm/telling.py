"""What people are told of an alarm, in words, and how each of them is told. Pure.

Who reads it has only this: so a drill says that it is one in the first word.
"""

from gateway.actors.gather import Request
from gateway.actors.ids import key_of
from gateway.actors.vocabulary import Notify, Publish, Scalar
from gateway.business.alarm.rules import AlarmRule
from gateway.business.notices import Channel, Notice, Recipient

_DRILL = "DRILL: "
_LINE_AT_MOST = 256
_OVER = "what you were told of is over: everything that this alarm watches is right again"
_NO_MORE = "watched no more"
_UNWATCHED = "this alarm was taken out of the configuration while it stood: whether all is right again nobody watches any more"


def subject_of(key: str, rule: AlarmRule, why: tuple[str, ...], *, drill: bool) -> str:
    """The one line that people read: the rule's own, else the alarm's key and what is wrong."""
    plain = rule.subject or (key if drill else f"{key}: {why[0] if why else rule.severity}")
    return f"{_DRILL if drill else ''}{plain}"[:_LINE_AT_MOST]


def text_of(why: tuple[str, ...], *, drill: bool) -> str:
    """The sentence that says all that is wrong."""
    return "this is a drill: somebody tries out whether you are told" if drill else "; ".join(why)


def over_of(me: str, incident: int, *, drill: bool, unwatched: bool) -> Notice:
    """What tells people that an alarm is over; or that nobody can know, for the configuration has no such alarm any more."""
    text = "the drill is over" if drill else _UNWATCHED if unwatched else _OVER
    facts: dict[str, Scalar] = {"alarm": me, "incident": incident, "drill": drill, "over": True}
    subject = f"{_DRILL if drill else ''}{key_of(me)}: {_NO_MORE if unwatched and not drill else 'over'}"
    return Notice(subject=subject[:_LINE_AT_MOST], text=text, fields=facts)


def request_to(recipient: Recipient, notice: Notice, publisher: str) -> Request:
    """The request that tells one recipient, through `publisher` where the recipient is told by MQTT."""
    if recipient.channel is Channel.WEBHOOK:
        return Request(recipient.address, "notify", Notify(subject=notice.subject, text=notice.text, fields=dict(notice.fields)))
    body = {"subject": notice.subject, "text": notice.text, **notice.fields}
    return Request(publisher, "publish", Publish(topic=recipient.address, body=body))


def shown(recipient: Recipient) -> str:
    """A recipient as text, for people who look why somebody was not told."""
    return f"{recipient.name} ({recipient.channel.value} {recipient.address})"
