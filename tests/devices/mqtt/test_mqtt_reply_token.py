"""Where to answer, as a segment of an actor id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt.reply_token import make_token, read_token
from gateway.actors import BadId
from gateway.actors.ids import check_id


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), st.binary(max_size=12))
def test_a_token_is_a_segment_and_reads_back(topic: str, correlation: bytes) -> None:
    """Any topic and any correlation data that fit come back as they were, from within a well-formed id."""
    try:
        token = make_token(topic, correlation)
    except BadId:
        return
    check_id(f"mqtt/main/reply/{token}")
    assert read_token(token) == (topic, correlation)


def test_tokens_are_readable_where_they_can_be() -> None:
    """A plain topic stays plain; raw bytes take base64."""
    assert make_token("answers/ann", b"q-7") == "answers~ann,q-7"
    assert make_token("answers/ann", bytes(16)) == "answers~ann,,AAAAAAAAAAAAAAAAAAAAAA"


def test_what_does_not_fit_is_refused_with_its_size() -> None:
    """The limit is the 128 characters of a segment."""
    with pytest.raises(BadId) as caught:
        make_token("answers/" + "x" * 100, b"y" * 30)
    assert str(caught.value) == (
        "cannot keep where to answer: the response topic of 108 characters and its correlation data of 30 bytes "
        "need 139 characters of 128; use shorter ones"
    )


@pytest.mark.parametrize("token", ["=FF", "a,,x", "=C3=28"])
def test_tokens_of_others_are_refused(token: str) -> None:
    """An id that was not made here does not publish anywhere."""
    with pytest.raises(BadId):
        read_token(token)
