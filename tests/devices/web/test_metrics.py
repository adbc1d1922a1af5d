"""Metrics: Prometheus reads them, each is documented, counters count up, and they say what `gateway show` says."""

import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devices.web.metrics import _metrics, _text
from tests.devices.web.served import FULL, READING, WebGateway, bearer
from tests.waiting import until


def read(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Every value by the name of its sample, and its labels; each metric is documented, and named by its type."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith("."), family.name
        assert family.type in ("counter", "gauge"), family.name
        for sample in family.samples:
            assert sample.name.startswith("gateway_")
            assert sample.name.endswith("_total") is (family.type == "counter"), sample.name
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), f"{sample.name} stands twice"
            found[sample.name][labels] = sample.value
    return found


def scrape(gateway: WebGateway, **headers: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    said = gateway.call("GET", "/metrics", **headers)
    assert (said.status, said.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return read(said.body.decode())


def test_prometheus_reads_what_the_gateway_counts(gateway: WebGateway) -> None:
    """As a whole, by kind, and by device; what is done is counted at the next look."""
    before = scrape(gateway)
    gateway.post("/api/actors/twin/metered/report/tell", {"values": {"temp_c": 21.5}})
    until(lambda: scrape(gateway)["gateway_commits_total"][()] > before["gateway_commits_total"][()])
    after = scrape(gateway)
    show = gateway.get("/api/gateway")
    assert after["gateway_info"] == {(("name", "test"),): 1.0}
    assert after["gateway_healthy"] == {(): 1.0}
    assert after["gateway_life"] == {(): show["life"]}
    assert after["gateway_turns_total"][()] > before["gateway_turns_total"][()]
    assert after["gateway_kind_turns_total"][("kind", "twin"),] >= 1
    assert after["gateway_device_healthy"][("id", "gpio/lamp"),] == 1.0
    assert (
        after["gateway_device_web_requests_total"][("id", "web/local"),] > before["gateway_device_web_requests_total"][("id", "web/local"),]
    )


def test_metrics_are_for_those_who_may_look(guarded: WebGateway) -> None:
    """Prometheus sends a token as any program does."""
    assert guarded.call("GET", "/metrics").status == 401
    for token in (READING, FULL):
        assert scrape(guarded, **bearer(token))["gateway_healthy"] == {(): 1.0}


def test_whatever_things_are_called_the_text_can_be_read() -> None:
    """Names with quotes and lines, counters with signs in them; two that come to the same name stand in one metric."""
    device = {"health": "ok", "waiting": 0, "in_hand": 0, "restarts": 0}
    odd = {"id": "my-kind/a", "counters": {"Bad lines!": 2, "x": 1}, "counted": {"lines\nthat are \\ bad": 2, "x": 1}}
    other = {"id": "my.kind/b", "counters": {"bad_lines_": 3}, "counted": {"bad": 3}}
    view = {"name": 'a "b"\n\\c', "healthy": True, "host_bound": [{**device, **odd}, {**device, **other}], "kinds": [], "totals": {}}
    found = read("".join(map(_text, _metrics(view))))
    assert found["gateway_info"] == {(("name", 'a "b"\n\\c'),): 1.0}
    assert found["gateway_device_my_kind_bad_lines__total"] == {(("id", "my-kind/a"),): 2.0, (("id", "my.kind/b"),): 3.0}
    assert found["gateway_device_my_kind_x_total"] == {(("id", "my-kind/a"),): 1.0}
    assert "gateway_turns_total" not in found  # the engine did not turn: nobody knows


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here: apt install prometheus")
def test_promtool_has_nothing_to_say(gateway: WebGateway, tmp_path: Path) -> None:
    """`promtool check metrics` finds no fault, and nothing to better."""
    text = gateway.call("GET", "/metrics").body
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60, cwd=tmp_path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
