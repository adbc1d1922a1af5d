"""Settings, topics and routes."""

import pytest
from pydantic import ValidationError

from devices.mqtt.packets import Properties
from devices.mqtt.routes import Routes, TopicRoute
from devices.mqtt.settings import MqttSettings, Names, Subscription
from devices.mqtt.topics import check_filter, check_topic, filter_pattern
from gateway.actors import BadId, UnknownTarget

SENSORS = Subscription(topic="sensors/+/+/state", to="twin/{2}.{1}", verb="report")


def routes(*subscriptions: Subscription, commands: bool = True) -> Routes:
    return Routes(Names("main", MqttSettings(prefix="gw")), subscriptions, commands=commands, says="depot/north".__eq__)


def test_names_come_from_the_key_and_the_host() -> None:
    """What is not set is derived from the host's name and the section's key, with no character that topics give a meaning."""
    names = Names("main", MqttSettings(), "pi+1/x")
    assert (names.client_id, names.prefix, names.status) == ("gateway-pi-1-x-main", "gateway/pi-1-x", "gateway/pi-1-x/status")


def test_a_simulated_gateway_has_names_of_its_own() -> None:
    """Whatever the file says for the real one, and however long that is; only what it says of the simulation is taken as it stands."""
    names = Names("main", MqttSettings(simulate=True), "pi")
    assert (names.client_id, names.prefix, names.status) == (
        "gateway-pi-main-simulated",
        "simulated/gateway/pi",
        "simulated/gateway/pi/status",
    )
    file = {"client_id": "c" * 128, "prefix": "house", "status_topic": "up", "simulate": {"root": "try/out"}}
    names = Names("main", MqttSettings.model_validate(file), "pi")
    assert (names.client_id, names.prefix, names.status) == ("c" * 118 + "-simulated", "try/out/house", "try/out/up")
    assert (names.online, names.offline) == ("online, simulated", "offline, simulated")


def test_the_port_follows_tls() -> None:
    """Unless set, the port is that of the protocol."""
    assert (MqttSettings().port_number, MqttSettings(tls=True).port_number, MqttSettings(tls=True, port=1).port_number) == (1883, 8883, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password_file": "x"}, "'password_file' is set and 'username' is not; set both"),
        ({"ca_file": "x"}, "'ca_file' and 'cert_file' need TLS; set tls = true"),
        ({"tls": True, "cert_file": "x"}, "'cert_file' and 'key_file' belong together; set both or neither"),
        ({"reconnect_min_s": 61}, "'reconnect_max_s' is below 'reconnect_min_s'; swap them"),
        ({"simulate": {"root": ""}}, "cannot use '' as a topic: it must have a character, and none of + # NUL"),
        ({"simulate": {"root": "a/#"}}, "cannot use 'a/#' as a topic: it must have a character, and none of + # NUL"),
        ({"simulate": {"root": "$SYS"}}, "cannot use '$SYS' in front of topics: begin it with no $ and no /, and end it with none"),
        ({"simulate": {"root": "a/"}}, "cannot use 'a/' in front of topics: begin it with no $ and no /, and end it with none"),
        ({"prefix": "a/+"}, "cannot use 'a/+' as a topic: it must have a character, and none of + # NUL"),
        ({"subscribe": [{"topic": "a/b+", "to": "x/y", "verb": "z"}]}, "+ stands for one whole level, # for the rest, at the end"),
        (
            {"subscribe": [{"topic": "a/+", "to": "x/{2}", "verb": "z"}]},
            "cannot use 'x/{2}' as an address for 'a/+': {2} stands for nothing here; use {1}",
        ),
    ],
)
def test_settings_that_do_not_hang_together_are_refused(wrong: dict[str, object], said: str) -> None:
    """Each contradiction is named by its keys, with what to do."""
    with pytest.raises(ValidationError) as caught:
        MqttSettings.model_validate(wrong)
    assert said in str(caught.value)


def test_addresses_and_claims_are_told() -> None:
    """The targets of the subscriptions are checked at start, and a client id that is set is owned alone."""
    settings = MqttSettings(client_id="a", subscribe=[SENSORS])
    assert settings.addresses() == [("subscribe.0.to", "twin/{2}.{1}", "report")]
    assert settings.claims() == {"client_id": "MQTT client a at localhost:1883"}


@pytest.mark.parametrize(
    ("filter_text", "topic", "groups"),
    [
        ("a/+", "a/b", ("b",)),
        ("a/+", "a/", ("",)),
        ("a/+", "a/b/c", None),
        ("a/#", "a", ()),
        ("a/#", "a/b/c", ()),
        ("#", "a/b", ()),
        ("#", "$SYS/x", None),
        ("+/x", "$SYS/x", None),
        ("$SYS/+", "$SYS/x", ("x",)),
        ("a.b", "axb", None),
        ("+/+/state", "x/y/state", ("x", "y")),
    ],
)
def test_filters_match_as_the_standard_says(filter_text: str, topic: str, groups: tuple[str, ...] | None) -> None:
    """+ is one level, # the rest, and neither begins a system topic."""
    match = filter_pattern(check_filter(filter_text)).fullmatch(topic)
    assert (match and match.groups()) == groups


def test_topics_with_wildcards_are_none() -> None:
    """One cannot publish under a filter."""
    with pytest.raises(ValueError, match="none of"):
        check_topic("a/#")


UPON_WHICH_BROKERS_CLOSE = ["a/" * 128 + "a", "/" * 300, "a\x01b", "a\nb", "a\x7f", "a\x85", "a\ufdd0", "a\uffff", "a\U0010fffe"]


@pytest.mark.parametrize("topic", UPON_WHICH_BROKERS_CLOSE)
def test_a_topic_upon_which_a_broker_closes_the_connection_is_none(topic: str) -> None:
    """Too many levels, control characters, what is no character: nobody publishes or listens there, and no ask is answered there."""
    with pytest.raises(ValueError, match=r"^cannot use "):
        check_topic(topic)
    with pytest.raises(ValueError, match=r"^cannot use "):
        check_filter(topic)
    found = routes()
    with pytest.raises(BadId, match=r"^cannot answer to "):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=topic))


@pytest.mark.parametrize("topic", ["a/" * 127 + "a", "/", "käse/🧀", "x" * 65535])
def test_odd_topics_that_brokers_take_are_topics(topic: str) -> None:
    """Up to the very bounds."""
    assert check_topic(topic) == check_filter(topic) == topic


def test_a_subscription_fills_its_template() -> None:
    """{1} and {2} are what the plus signs stood for."""
    assert routes(SENSORS).find("sensors/attic/t1/state") == TopicRoute("twin/t1.attic", "report")


def test_commands_are_read_out_of_their_topics() -> None:
    """The levels after tell or ask are an actor id and a verb; an ask may end in an id for its answer."""
    found = routes()
    assert found.find("gw/tell/gpio/relay/switch") == TopicRoute("gpio/relay", "switch")
    assert found.find("gw/tell/site/home/contacts/ann/call") == TopicRoute("site/home/contacts/ann", "call")
    assert found.find("gw/ask/twin/t1/show") == TopicRoute("twin/t1", "show", asks=True)
    assert found.find("gw/ask/twin/t1/show/q7") == TopicRoute("twin/t1", "show", asks=True, ask_id="q7")


def test_commands_that_are_none_are_refused() -> None:
    """A topic that cannot hold an id and a verb is answered with how it must read."""
    with pytest.raises(BadId) as caught:
        routes().find("gw/tell/gpio/relay")
    assert str(caught.value) == "cannot read topic 'gw/tell/gpio/relay': it must read gw/tell/<kind>/<key>/<verb>"


def test_without_commands_nobody_is_told_anything() -> None:
    """With commands = false, command topics are neither subscribed to nor routed."""
    found = routes(commands=False)
    assert found.filters == []
    with pytest.raises(UnknownTarget):
        found.find("gw/tell/gpio/relay/switch")


def test_what_we_publish_ourselves_is_never_taken_in() -> None:
    """A subscription to everything cannot make a refusal answer itself."""
    found = routes(Subscription(topic="#", to="twin/x", verb="report"))
    assert [found.find(topic).ours for topic in ("gw/refused", "gw/status", "gw/reply/1", "gw/other")] == [True, True, True, False]


def test_answers_never_go_to_command_topics() -> None:
    """Whoever may only ask cannot make the gateway tell on their behalf, by a response topic that is a command."""
    found = routes()
    with pytest.raises(BadId, match="a gateway says or hears something else there; use one under gw/reply/"):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic="gw/tell/gpio/relay/toggle"))


ELSEWHERE = ["gateway/twin/boiler", "gateway/alarm/freezer", "gateway/twin/other/x", "gateway/barn/tell/gpio/lamp/switch", "depot/north"]


@pytest.mark.parametrize("topic", ["gw/status", "gw/refused", "gw", "gw/twin/door/state", "home/door", "home/door/x", *ELSEWHERE])
def test_answers_never_go_where_the_gateway_says_or_hears_something_else(topic: str) -> None:
    """An answer under the status topic would be the gateway's end, one under a subscription a message of a device, and one under the topic
    of a twin or an alarm would be taken for what that says."""
    found = routes(Subscription(topic="home/#", to="twin/x", verb="report"))
    with pytest.raises(BadId, match="a gateway says or hears something else there"):
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=topic))
    for other in ("gw/reply/me", "me/answers", "gateways/me"):
        assert found.answer_at(found.find("gw/ask/twin/t1/show"), Properties(response_topic=other)) == (other, b"")


def test_an_ask_must_say_where_to_answer() -> None:
    """Without response topic and id there is nowhere to answer to."""
    found = routes()
    with pytest.raises(BadId) as caught:
        found.answer_at(found.find("gw/ask/twin/t1/show"), Properties())
    assert str(caught.value) == "cannot answer: the ask has no response topic; set one (MQTT 5), or end its topic in /<id>"
