"""Address books, shared trips and what devices post: services of the gateway as resources."""

from pathlib import Path
from typing import Any

import pytest

from tests.devices.web.conftest import DEVICES
from tests.devices.web.served import FULL, READING, WebGateway, bearer

HOME = {"latitude_deg": 52.5, "longitude_deg": 13.4}


# --- contacts


def test_a_contact_is_made_found_changed_and_removed(gateway: WebGateway) -> None:
    """201 with its number and its place; then 200; 404 once it is gone, and its number is not used again."""
    made = gateway.post("/api/ann/contacts", {"name": "Bo", "emails": ["bo@example.org"]})
    assert (made.status, made.headers["Location"], made.json["id"]) == (201, "contacts/1", 1)
    assert gateway.get("/api/ann/contacts/1")["emails"] == ["bo@example.org"]
    changed = gateway.call("PATCH", "/api/ann/contacts/1", {"numbers": ["123"]})
    assert (changed.status, changed.json["name"], changed.json["numbers"]) == (200, "Bo", ["123"])
    assert gateway.get("/api/ann/contacts") == {"contacts": [changed.json]}
    assert gateway.call("DELETE", "/api/ann/contacts/1").json == changed.json
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        said = gateway.call(method, "/api/ann/contacts/1", body)
        assert said.status == 404
        assert said.json["detail"] == "ann has no contact 1: GET the list for those that there are"
    assert gateway.post("/api/ann/contacts", {"name": "Cy"}).json["id"] == 2


def test_a_user_whom_nobody_knows_has_no_contacts(gateway: WebGateway) -> None:
    """An empty list, 404 for one of them, and nothing is begun."""
    assert gateway.get("/api/nobody/contacts") == {"contacts": []}
    assert gateway.call("GET", "/api/nobody/contacts/1").status == 404


def test_a_contact_that_is_none_is_refused_in_words(gateway: WebGateway) -> None:
    """422 with the field; 400 where the user cannot be one."""
    assert "name: missing" in gateway.post("/api/ann/contacts", {"emails": []}).json["detail"]
    assert gateway.post("/api/ann/contacts", {"emails": []}).status == 422
    assert gateway.post("/api/a%20b/contacts", {"name": "x"}).status == 422
    assert gateway.call("GET", "/api/ann/contacts/x").status == 404


def test_a_contact_is_made_once_under_a_key(gateway: WebGateway) -> None:
    """Whoever posts it again gets the same one."""
    made = [gateway.post("/api/once/contacts", {"name": "Bo"}, Idempotency_Key="bo") for _ in range(2)]
    assert [(one.status, one.json["id"]) for one in made] == [(201, 1), (201, 1)]
    assert len(gateway.get("/api/once/contacts")["contacts"]) == 1


# --- trips


@pytest.fixture(scope="module")
def trip(guarded: WebGateway) -> dict[str, Any]:
    """A shared trip of a gateway that wants a token."""
    begun = guarded.post("/api/trips", {"title": "On my way home"}, **bearer(FULL))
    assert begun.status == 201
    assert begun.headers["Location"] == f"trips/{begun.json['slug']}"
    found: dict[str, Any] = begun.json
    return found


def test_whoever_knows_the_name_of_a_shared_trip_follows_it(guarded: WebGateway, trip: dict[str, Any]) -> None:
    """Without the gateway's token; and neither the trip's token nor its hash is told."""
    seen = guarded.call("GET", f"/api/trips/{trip['slug']}")
    assert (seen.status, seen.json["title"]) == (200, "On my way home")
    assert "token" not in seen.body.decode()


def test_only_the_holder_of_its_token_moves_and_ends_a_trip(guarded: WebGateway, trip: dict[str, Any]) -> None:
    """403 with a wrong one or none; the gateway's own token is not the trip's."""
    place = f"/api/trips/{trip['slug']}"
    assert guarded.post(f"{place}/update", {**HOME, "token": "wrong"}).status == 403
    assert guarded.post(f"{place}/stop", {"token": "wrong"}).status == 403
    assert guarded.post(f"{place}/stop", {}, **bearer(FULL)).status == 403
    moved = guarded.post(f"{place}/update", {**HOME, "token": trip["token"]})
    assert (moved.status, moved.json["phase"]) == (200, "moving")
    assert guarded.post(f"{place}/update", HOME, X_Trip_Token=trip["token"]).status == 200
    assert guarded.call("GET", place).json["latest"]["latitude_deg"] == 52.5
    ended = guarded.post(f"{place}/stop", {"token": trip["token"]})
    assert (ended.status, ended.json["phase"]) == (200, "stopped")


def test_a_vehicle_is_followed_with_a_token_only(guarded: WebGateway) -> None:
    """Its name is a business id that anybody may guess."""
    guarded.post("/api/actors/trip/van/position/tell", HOME, **bearer(FULL))
    assert guarded.call("GET", "/api/trips/van").status == 401
    assert guarded.call("GET", "/api/trips/van", **bearer(READING)).status == 200
    assert guarded.post("/api/trips/van/stop", {}).status == 401
    assert guarded.post("/api/trips/van/stop", {}, **bearer(READING)).status == 403


def test_whether_a_trip_is_there_is_not_told_to_strangers(guarded: WebGateway) -> None:
    """401 as for a vehicle; 404 for whoever may look; and asking begins none."""
    assert guarded.call("GET", "/api/trips/not-there").status == 401
    assert guarded.call("GET", "/api/trips/not-there", **bearer(READING)).status == 404
    assert guarded.post("/api/trips/not-there/stop", {"token": "x"}).status == 401
    assert "trip/not-there" not in [one["id"] for one in guarded.get("/api/actors/trip", **bearer(READING))["actors"]]


def test_trips_are_listed_for_whoever_may_look(guarded: WebGateway, trip: dict[str, Any]) -> None:
    """Their names are what followers need."""
    assert trip["slug"] in [one["slug"] for one in guarded.get("/api/trips", **bearer(READING))["trips"]]
    assert guarded.call("GET", "/api/trips").status == 401


# --- ingest


def test_what_is_posted_is_read_by_its_codec_and_table(gateway: WebGateway) -> None:
    """The device's name is a field of it; 202 comes after the commit."""
    said = gateway.call("POST", "/api/in/scales", raw=b'{"device": "kitchen", "g": 512}')
    assert (said.status, said.json) == (202, {"taken": 1, "duplicate": False})
    assert gateway.get("/api/actors/twin/kitchen")["state"]["values"]["weight_kg"]["value"] == 0.512


def test_what_is_posted_as_the_payload_of_a_verb_is_one(gateway: WebGateway) -> None:
    """With a verb alone the JSON is its payload; what does not fit is refused in words."""
    assert gateway.call("POST", "/api/in/doors", raw=b'{"on": true}').status == 202
    assert gateway.get("/api/actors/toggle/hall")["state"]["on"] is True
    said = gateway.call("POST", "/api/in/doors", raw=b'{"on": 1}')
    assert said.status == 422
    assert "on: " in said.json["detail"]


def test_what_cannot_be_read_is_refused_in_words(gateway: WebGateway) -> None:
    """Nothing of it is taken."""
    for body, status, words in (
        (b'{"device": "a', 400, "cannot read the body"),
        (b"", 400, "cannot"),
        (b'{"g": 1}', 400, "its field 'device' is missing"),
        (b"\xff\xfe", 400, "cannot"),
        (b"[" * 100_000, 400, "cannot"),
    ):
        said = gateway.call("POST", "/api/in/scales", raw=body)
        assert said.status == status, said.body
        assert words in said.json["detail"]
    said = gateway.call("POST", "/api/in/nowhere", raw=b"{}")
    assert (said.status, said.json["detail"]) == (404, "there is no [web.in.nowhere]: there is doors, scales")


def test_what_is_posted_again_under_its_key_is_taken_once(tmp_path: Path) -> None:
    """After a kill, too; other content under the key is something new, as from a device that begins to count anew."""
    with WebGateway(tmp_path, DEVICES) as gateway:
        body = b'{"device": "keyed", "g": 1}'
        assert gateway.call("POST", "/api/in/scales", raw=body, Idempotency_Key="7").json["duplicate"] is False
        gateway.kill()
        gateway.again()
        gateway.until(lambda: "listening at" in gateway.said())
        assert gateway.call("POST", "/api/in/scales", raw=body, Idempotency_Key="7").json["duplicate"] is True
        assert gateway.get("/api/actors/twin/keyed")["state"]["count"] == 1
        other = b'{"device": "keyed", "g": 2}'
        assert gateway.call("POST", "/api/in/scales", raw=other, Idempotency_Key="7").json["duplicate"] is False
        assert gateway.get("/api/actors/twin/keyed")["state"]["count"] == 2


def test_each_codec_reads_what_is_posted(tmp_path: Path) -> None:
    """One number, one line of CSV, a text for a verb of its own: the entrance is as any source."""
    entrances = """
[web.in.number]
to = "twin/number"
codec = "number"
value = "level_m"
[web.in.csv]
to = "twin/csv"
codec = { name = "csv", columns = ["t_c", "rh_pct"] }
"""
    with WebGateway(tmp_path, entrances) as gateway:
        assert gateway.call("POST", "/api/in/number", raw=b"12.5").status == 202
        assert gateway.call("POST", "/api/in/csv", raw=b"21.5,48").status == 202
        assert gateway.get("/api/actors/twin/number")["state"]["values"]["level_m"]["value"] == 12.5
        assert gateway.get("/api/actors/twin/csv")["state"]["values"]["rh_pct"]["value"] == 48


# --- the description, and a path in front


def test_the_description_is_openapi_3_1_and_has_every_route(gateway: WebGateway) -> None:
    """With what each verb takes, by its own model; every reference leads somewhere."""
    document = gateway.get("/api/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]["/api/{user}/contacts/{id}"]) == {"get", "patch", "delete"}
    report = document["paths"]["/api/actors/twin/{key}/report"]["post"]
    name = report["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][name]["required"] == ["values"]
    switch = document["paths"]["/api/actors/gpio/{key}/switch/tell"]["post"]
    assert switch["parameters"][0]["schema"] == {"enum": ["lamp"]}
    for ref in _refs(document):
        assert ref.removeprefix("#/components/schemas/") in document["components"]["schemas"], ref


def _refs(found: Any) -> list[str]:
    """Every reference in a document."""
    if isinstance(found, dict):
        own = [found["$ref"]] if isinstance(found.get("$ref"), str) else []
        return own + [ref for value in found.values() for ref in _refs(value)]
    return [ref for one in found for ref in _refs(one)] if isinstance(found, list) else []


def test_links_hold_behind_a_path_in_front(gateway: WebGateway) -> None:
    """Home Assistant's Ingress and other proxies put a path in front: no link of ours begins at the root."""
    gateway.post("/api/actors/twin/linked/report/tell", {"values": {"a": 1}})
    ingress = {"X_Ingress_Path": "/api/hassio_ingress/abc"}
    assert gateway.get("/api/actors?limit=1", **ingress)["next"].startswith("?after=")
    assert not gateway.post("/api/links/contacts", {"name": "Bo"}, **ingress).headers["Location"].startswith("/")
    assert gateway.get("/api/openapi.json", **ingress)["servers"] == [{"url": "../"}]
