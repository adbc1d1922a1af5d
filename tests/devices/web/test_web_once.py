"""Idempotency-Key: what is asked again is not done again, and is answered as it was; over a kill, too."""

from pathlib import Path

from tests.devices.web.served import WebGateway


def test_a_repeat_is_answered_as_the_first_and_nothing_is_done_twice(gateway: WebGateway) -> None:
    """The press counts once."""
    press = [gateway.post("/api/actors/toggle/once/pressed", {"count": 1}, Idempotency_Key="press-1") for _ in range(3)]
    assert [one.status for one in press] == [200] * 3
    assert len({one.body for one in press}) == 1
    assert gateway.get("/api/actors/toggle/once")["state"]["presses"] == 1


def test_a_repeat_after_a_kill_is_answered_as_the_first(tmp_path: Path) -> None:
    """The answer is on disk with what was done."""
    with WebGateway(tmp_path) as gateway:
        first = gateway.post("/api/actors/toggle/killed/pressed", {"count": 1}, Idempotency_Key="k")
        gateway.kill()
        gateway.again()
        gateway.until(lambda: "listening at" in gateway.said())
        again = gateway.post("/api/actors/toggle/killed/pressed", {"count": 1}, Idempotency_Key="k")
        assert (again.status, again.body) == (first.status, first.body)
        assert gateway.get("/api/actors/toggle/killed")["state"]["presses"] == 1


def test_a_repeat_of_what_was_told_says_that_it_is_one(gateway: WebGateway) -> None:
    """The message has one id, whoever asks how often."""
    told = [gateway.post("/api/actors/twin/once/report/tell", {"values": {"a": 1}}, Idempotency_Key="told-1") for _ in range(2)]
    assert [(one.status, one.json["duplicate"]) for one in told] == [(202, False), (202, True)]
    assert told[0].json["id"] == told[1].json["id"]
    gateway.until(lambda: gateway.get("/api/actors/twin/once")["state"]["count"] == 1)


def test_other_content_under_a_key_is_refused(gateway: WebGateway) -> None:
    """422, whether the path, the body or the way of asking differs; what was there stays."""
    gateway.post("/api/actors/toggle/other/set", {"on": True}, Idempotency_Key="other-1")
    for path, body in (("toggle/other/set", {"on": False}), ("toggle/another/set", {"on": True}), ("toggle/other/set/tell", {"on": True})):
        said = gateway.post(f"/api/actors/{path}", body, Idempotency_Key="other-1")
        assert said.status == 422
        assert said.json["detail"] == ("cannot take it: something else was asked under this id before; take a new id, or ask the same")
    assert gateway.get("/api/actors/toggle/other")["state"]["on"] is True


def test_an_answer_that_came_too_late_is_there_for_the_repeat(tmp_path: Path) -> None:
    """504 first; once the device is there, the same key gets the answer of the one write."""
    port = tmp_path / "tty"
    with WebGateway(tmp_path, f'[serial.away]\nport = "{port}"\ncodec = "json"\nto = "twin/away"\n') as gateway:
        first = gateway.post("/api/actors/serial/away/write?timeout_s=0.2", {"text": "hello"}, Idempotency_Key="w")
        again = gateway.post("/api/actors/serial/away/write?timeout_s=0.2", {"text": "hello"}, Idempotency_Key="w")
        assert (first.status, again.status) == (504, 504)
        assert gateway.get("/api/actors/serial/away")["waiting"] == 1


def test_a_key_that_is_no_key_is_refused(gateway: WebGateway) -> None:
    """Too long, or empty."""
    for key in ("k" * 257, ""):
        assert gateway.post("/api/actors/toggle/x/set", {"on": True}, Idempotency_Key=key).status == 400
