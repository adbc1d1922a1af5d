"""Dialects: what is said and heard on a broker, and where a topic's message goes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devices.mqtt.connection import Connection
from devices.mqtt.dialects.dialect import Saying, Session, TopicRoute
from devices.mqtt.dialects.own import OwnTopics
from devices.mqtt.packets import Properties
from devices.mqtt.routes import Routes
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import BadId, UnknownTarget
from gateway.testing.bench import Bench
from tests.devices.mqtt.conftest import routes_of

SENSORS = {"topic": "sensors/+/+/state", "to": "twin/{2}.{1}", "verb": "report"}
Make = Callable[..., Routes]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A host that runs no thread."""
    with Bench(Connection("main", MqttSettings()), commit=False) as made:
        made.stop()
        yield made


@pytest.fixture
def routes(bench: Bench) -> Make:
    """Makes the routes of a connection with these subscriptions."""

    def made(*subscriptions: dict[str, Any], commands: Any = True) -> Routes:
        return routes_of(bench, subscribe=list(subscriptions), commands=commands)

    return made


@pytest.mark.parametrize(
    ("file", "status", "words"),
    [
        ({"prefix": "gw"}, "gw/status", (b"online", b"offline")),
        ({"prefix": "gw", "status_topic": "up"}, "up", (b"online", b"offline")),
        (
            {"prefix": "house", "status_topic": "up", "simulate": {"root": "try/out"}},
            "try/out/up",
            (b"online, simulated", b"offline, simulated"),
        ),
    ],
)
def test_the_status_says_whether_the_gateway_is_there(bench: Bench, file: dict[str, Any], status: str, words: tuple[bytes, bytes]) -> None:
    """At its beginning, at its end, and when it dies."""
    settings = MqttSettings.model_validate(file)
    own = OwnTopics(Session(Names("main", settings), settings, bench, lambda saying: None))
    assert list(own.at_connect()) == [Saying(status, words[0], retain=True, qos=1)]
    assert own.will() == Saying(status, words[1], retain=True, qos=1)
    assert list(own.at_end()) == [Saying(status, words[1], retain=True)]


def test_a_subscription_fills_its_template(routes: Make) -> None:
    """{1} and {2} are what the plus signs stood for."""
    assert routes(SENSORS).find("sensors/attic/t1/state") == TopicRoute("twin/t1.attic", "report")


def test_commands_are_read_out_of_their_topics(routes: Make) -> None:
    """The levels after tell or ask are an actor id and a verb; an ask may end in an id for its answer."""
    found = routes()
    assert found.find("gw/tell/gpio/relay/switch") == TopicRoute("gpio/relay", "switch")
    assert found.find("gw/tell/site/home/contacts/ann/call") == TopicRoute("site/home/contacts/ann", "call")
    assert found.find("gw/ask/twin/t1/show") == TopicRoute("twin/t1", "show", asks=True)
    assert found.find("gw/ask/twin/t1/show/q7") == TopicRoute("twin/t1", "show", asks=True, ask_id="q7", answer_topic="gw/reply/q7")


def test_commands_that_are_none_are_refused(routes: Make) -> None:
    """A topic that cannot hold an id and a verb is answered with how it must read."""
    with pytest.raises(BadId) as caught:
        routes().find("gw/tell/gpio/relay")
    assert str(caught.value) == "cannot read topic 'gw/tell/gpio/relay': it must read gw/tell/<kind>/<key>/<verb>"


def test_without_commands_nobody_is_told_anything(routes: Make) -> None:
    """With commands = false, command topics are neither subscribed to nor routed."""
    found = routes(commands=False)
    assert found.filters == []
    with pytest.raises(UnknownTarget):
        found.find("gw/tell/gpio/relay/switch")


def test_what_we_publish_ourselves_is_never_taken_in(routes: Make) -> None:
    """A subscription to everything cannot make a refusal answer itself."""
    found = routes({"topic": "#", "to": "twin/x", "verb": "report"})
    ours = [found.find(topic).here is not None for topic in ("gw/refused", "gw/status", "gw/reply/1", "gw/other")]
    assert ours == [True, True, True, False]


def test_answers_never_go_to_command_topics(routes: Make) -> None:
    """Whoever may only ask cannot make the gateway tell on their behalf, by a response topic that is a command."""
    found = routes()
    with pytest.raises(BadId, match="a gateway says or hears something else there; use one under gw/reply/"):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic="gw/tell/gpio/relay/toggle"))


ELSEWHERE = ["gateway/twin/boiler", "gateway/alarm/freezer", "gateway/twin/other/x", "gateway/barn/tell/gpio/lamp/switch", "depot/north"]


@pytest.mark.parametrize("topic", ["gw/status", "gw/refused", "gw", "gw/twin/door/state", "home/door", "home/door/x", *ELSEWHERE])
def test_answers_never_go_where_the_gateway_says_or_hears_something_else(routes: Make, topic: str) -> None:
    """An answer under the status topic would be the gateway's end, one under a subscription a message of a device, and one under the topic
    of a twin or an alarm would be taken for what that says."""
    found = routes({"topic": "home/#", "to": "twin/x", "verb": "report"})
    with pytest.raises(BadId, match="a gateway says or hears something else there"):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=topic))
    for other in ("gw/reply/me", "me/answers", "gateways/me"):
        assert found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=other)) == (other, b"")


@pytest.mark.parametrize("topic", ["a\nb", "a/" * 128 + "a", "a/+", "a\uffff"])
def test_answers_go_to_no_topic_upon_which_a_broker_closes_the_connection(routes: Make, topic: str) -> None:
    """Whoever asks cannot cost all others the connection."""
    found = routes()
    with pytest.raises(BadId, match=r"^cannot answer to "):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=topic))


def test_an_ask_must_say_where_to_answer(routes: Make) -> None:
    """Without response topic and id there is nowhere to answer to."""
    found = routes()
    with pytest.raises(BadId) as caught:
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties())
    assert str(caught.value) == "cannot answer: the ask has no response topic; set one (MQTT 5), or end its topic in /<id>"


def test_commands_may_be_for_some_only(routes: Make) -> None:
    """By patterns of ids and verbs; why another is refused says what to add."""
    found = routes(commands=["toggle/*", "gpio/lamp@switch", "site/*/contacts/*"])
    allowed = ["toggle/hall/pressed", "gpio/lamp/switch", "site/a/contacts/b/call"]
    refused = [
        "gpio/lamp/pulse",
        "gpio/lam/switch",
        "toggles/hall/pressed",
        "twin/toggle/report",
        "site/a/door/b/call",
        "gpio/lamp@switch/pulse",
    ]
    assert [found.find(f"gw/{way}/{address}").forbidden for address in allowed for way in ("tell", "ask")] == [""] * 6
    assert all(found.find(f"gw/{way}/{address}").forbidden for address in refused for way in ("tell", "ask"))
    assert found.find("gw/tell/gpio/lamp/pulse").forbidden == (
        "cannot send 'pulse' to gpio/lamp: mqtt.main.commands does not have it; add 'gpio/lamp@pulse' there"
    )
    assert [one.topic for one in found.filters] == ["gw/tell/#", "gw/ask/#"]
    assert routes(commands=[]).filters == []
