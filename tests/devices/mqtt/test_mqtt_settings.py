"""Settings and topics."""

import pytest
from pydantic import ValidationError

from devices.mqtt.settings import MqttSettings, Names, Subscription
from devices.mqtt.topics import check_filter, check_topic, filter_pattern


def test_names_come_from_the_key_and_the_host() -> None:
    """What is not set is derived from the host's name and the section's key, with no character that topics give a meaning."""
    names = Names("main", MqttSettings(), "pi+1/x")
    assert (names.client_id, names.prefix) == ("gateway-pi-1-x-main", "gateway/pi-1-x")


def test_a_simulated_gateway_has_names_of_its_own() -> None:
    """Whatever the file says for the real one, and however long that is; only what it says of the simulation is taken as it stands."""
    names = Names("main", MqttSettings(simulate=True), "pi")
    assert (names.client_id, names.prefix) == ("gateway-pi-main-simulated", "simulated/gateway/pi")
    file = {"client_id": "c" * 128, "prefix": "house", "simulate": {"root": "try/out"}}
    names = Names("main", MqttSettings.model_validate(file), "pi")
    assert (names.client_id, names.prefix) == ("c" * 118 + "-simulated", "try/out/house")


def test_the_port_follows_tls() -> None:
    """Unless set, the port is that of the protocol."""
    assert (MqttSettings().port_number, MqttSettings(tls=True).port_number, MqttSettings(tls=True, port=1).port_number) == (1883, 8883, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password_file": "x"}, "'password_file' is set and 'username' is not; set both"),
        ({"ca_file": "x"}, "'ca_file' and 'cert_file' need TLS; set tls = true"),
        ({"tls": True, "cert_file": "x"}, "'cert_file' and 'key_file' belong together; set both or neither"),
        ({"reconnect_min_s": 61}, "'reconnect_max_s' is below 'reconnect_min_s'; 'reconnect_max_s' is 60 unless it is said: say it, too"),
        ({"reconnect_min_s": 3, "reconnect_max_s": 2}, "'reconnect_max_s' is below 'reconnect_min_s'; swap them"),
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
    settings = MqttSettings(client_id="a", subscribe=[Subscription(topic="sensors/+/+/state", to="twin/{2}.{1}", verb="report")])
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
    """Too many levels, control characters, what is no character: nobody publishes there, and nobody listens."""
    with pytest.raises(ValueError, match=r"^cannot use "):
        check_topic(topic)
    with pytest.raises(ValueError, match=r"^cannot use "):
        check_filter(topic)


@pytest.mark.parametrize("topic", ["a/" * 127 + "a", "/", "käse/🧀", "x" * 65535])
def test_odd_topics_that_brokers_take_are_topics(topic: str) -> None:
    """Up to the very bounds."""
    assert check_topic(topic) == check_filter(topic) == topic
