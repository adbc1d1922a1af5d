"""Actors over HTTP: looked at, told and asked; and the errors in the gateway's words."""

from pathlib import Path

from tests.devices.web.conftest import DEVICES
from tests.devices.web.served import WebGateway


def test_a_report_that_was_told_is_on_disk_when_it_is_answered(tmp_path: Path) -> None:
    """202 comes after the commit: a kill in the very next moment loses nothing."""
    with WebGateway(tmp_path) as gateway:
        told = gateway.post("/api/actors/twin/door/report/tell", {"values": {"open": True}})
        gateway.kill()
        gateway.again()
        assert (told.status, told.json["duplicate"]) == (202, False)
        gateway.until(lambda: "listening at" in gateway.said())
        assert gateway.get("/api/actors/twin/door")["state"]["values"]["open"]["value"] is True


def test_an_actor_that_is_asked_answers_with_a_body(gateway: WebGateway) -> None:
    """200, and what the verb replied."""
    answer = gateway.post("/api/actors/toggle/asked/set", {"on": True})
    assert (answer.status, answer.json["body"]["on"]) == (200, True)


def test_a_device_is_switched_and_shown(gateway: WebGateway) -> None:
    """A host-bound actor is asked by the same path, and its state is its health."""
    assert gateway.post("/api/actors/gpio/lamp/switch", {"on": True}).status == 200
    assert gateway.get("/api/actors/gpio/lamp")["health"] == "ok"


def test_the_actors_of_a_kind_come_in_pages(gateway: WebGateway) -> None:
    """Each page but the last has the link to the next one; together they have everybody, once."""
    for number in range(7):
        gateway.post(f"/api/actors/twin/paged{number}/report/tell", {"values": {"n": number}})
    found, link = [], "?limit=2"
    while link:
        page = gateway.get(f"/api/actors/twin{link}")
        found += [one["id"] for one in page["actors"]]
        link = page.get("next", "")
    assert [id for id in found if "paged" in id] == [f"twin/paged{number}" for number in range(7)]
    assert len(set(found)) == len(found)


def test_a_page_has_the_states_where_they_are_wanted(gateway: WebGateway) -> None:
    """One request shows what all of a page have to say."""
    gateway.post("/api/actors/twin/shown/report/tell", {"values": {"t_c": 21.5}})
    page = gateway.get("/api/actors?states=true&after=twin/showm")
    assert page["actors"][0]["id"] == "twin/shown"
    assert page["actors"][0]["state"]["values"]["t_c"]["value"] == 21.5


def test_what_never_existed_is_not_found(gateway: WebGateway) -> None:
    """404, and not a state that is made up."""
    said = gateway.call("GET", "/api/actors/twin/never")
    assert said.status == 404
    assert said.headers["Content-Type"] == "application/problem+json"
    assert said.json == {
        "type": "urn:gateway:unwritten",
        "title": "Not Found",
        "status": 404,
        "detail": "cannot show twin/never: nobody has ever written to it, or nothing of that was kept",
    }


def test_each_mistake_has_its_status_and_its_sentence(gateway: WebGateway) -> None:
    """What is wrong is said with what to do, as on the command line."""
    wrong = [
        ("/api/actors/twin/door/report", b"{", 400, "cannot read the body: it is no JSON"),
        ("/api/actors/twin/door/report", b"[]", 400, "cannot read the body: it is no JSON object"),
        ("/api/actors/twin/door/report", b'{"a": NaN}', 400, "cannot read the body: NaN is no number that JSON has"),
        ("/api/actors/twin/door/report", b'{"a": 1, "a": 2}', 400, "cannot read the body: the key 'a' stands twice in one object"),
        ("/api/actors/twin/door/report", b"[" * 70_000, 400, "cannot read the body: it is nested deeper than 64 levels"),
        ("/api/actors/twin/door/report", b'{"vales": {}}', 422, "did you mean 'values'?"),
        ("/api/actors/twin/door/reprot", b"{}", 404, "did you mean 'report'?"),
        ("/api/actors/twim/door/report", b"{}", 404, "did you mean 'twin'?"),
        ("/api/actors/twin/do or/report", b"{}", 400, "as an actor id"),
        ("/api/actors/twin", b"{}", 400, "as an actor id"),
        ("/api/actors/twin/door/report?timeout_s=0", b"{}", 400, "timeout_s is '0': write seconds above 0 and up to 60"),
    ]
    for path, body, status, words in wrong:
        said = gateway.call("POST", path.replace(" ", "%20"), raw=body, Content_Type="application/json")
        assert said.status == status, said.body
        assert words in said.json["detail"]


def test_a_body_that_is_no_json_by_its_type_is_refused(gateway: WebGateway) -> None:
    """A form of another site's page sends text or a form, and no JSON."""
    said = gateway.call("POST", "/api/actors/twin/door/read", raw=b"{}", Content_Type="text/plain")
    assert said.status == 415
    assert said.json["detail"] == "the body is text/plain: send JSON, with Content-Type: application/json"


def test_a_path_that_is_not_there_says_so(gateway: WebGateway) -> None:
    """404 for the path, 405 with Allow for the method."""
    assert gateway.call("GET", "/api/nothing").status == 404
    said = gateway.call("PUT", "/api/ports")
    assert (said.status, said.headers["Allow"]) == (405, "GET, HEAD")
    assert said.json["detail"] == "PUT is not for this path: GET, HEAD is"


def test_an_answer_that_does_not_come_in_time_is_an_unknown_outcome(tmp_path: Path) -> None:
    """504 says that nobody knows, and that one must look."""
    absent = '[serial.away]\nport = "/dev/nothing-here"\ncodec = "json"\nto = "twin/away"\n'
    with WebGateway(tmp_path, absent) as gateway:
        said = gateway.post("/api/actors/serial/away/write?timeout_s=0.2", {"text": "hello"})
        assert said.status == 504
        assert said.json["detail"] == "the outcome is unknown: no reply came within 0.2 s; look before you repeat it"


def test_what_an_actor_refuses_is_a_conflict(gateway: WebGateway) -> None:
    """409, with the actor's own reason."""
    said = gateway.post("/api/actors/trip/nobodys/stop", {"token": "x"})
    assert said.status == 409
    assert said.json["detail"] == "there is no trip nobodys"


def test_dead_letters_are_listed_looked_at_retried_and_dropped(tmp_path: Path) -> None:
    """What nobody could take is there with its reason, until somebody decides."""
    with WebGateway(tmp_path, DEVICES) as gateway:
        for _ in range(2):
            gateway.post("/api/actors/trip/none/stop/tell", {"token": "x"})
        gateway.until(lambda: gateway.get("/api/dead-letters")["total"] == 2)
        first = gateway.get("/api/dead-letters?limit=1")
        assert first["next"] == f"?after={first['letters'][0]['n']}&limit=1"
        number = first["letters"][0]["n"]
        assert gateway.get(f"/api/dead-letters/{number}")["verb"] == "stop"
        assert gateway.post(f"/api/dead-letters/{number}/retry").json == {"retried": number}
        gateway.until(lambda: gateway.call("GET", f"/api/dead-letters/{number}").status == 404)
        last = gateway.get("/api/dead-letters")["letters"][-1]["n"]
        assert gateway.call("DELETE", f"/api/dead-letters/{last}").json == {"dropped": last}
        assert gateway.call("DELETE", f"/api/dead-letters/{last}").status == 404


def test_what_happened_is_explained(gateway: WebGateway) -> None:
    """A message by its id: whom it reached; an actor: what it handled."""
    told = gateway.post("/api/actors/twin/explained/report/tell", {"values": {"a": 1}}).json["id"]
    assert gateway.get(f"/api/explain/{told}")["told"]
    assert gateway.get("/api/explain/twin/explained")["steps"]
    assert gateway.call("GET", "/api/explain/twin/unheard").status == 404


def test_what_is_plugged_in_is_listed(gateway: WebGateway) -> None:
    """As `gateway ports` has it: each thing with its block of TOML."""
    assert isinstance(gateway.get("/api/ports")["things"], list)


def test_the_health_is_told_to_everybody_and_nothing_else(guarded: WebGateway) -> None:
    """A watcher needs no token, and learns one word."""
    said = guarded.call("GET", "/healthz")
    assert (said.status, said.body) == (200, b"ok\n")
