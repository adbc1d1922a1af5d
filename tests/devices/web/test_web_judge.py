"""Another's eyes on the API: schemathesis reads what openapi.json says, and makes requests of it, sound and broken ones, at random.

Whatever it sends, no answer is a fault of the gateway's own, and each no is in words.
"""

import contextlib
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from tests.devices.web.served import WebGateway

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed here")

EXAMPLES = 4
"""Requests of each operation, sound ones and broken ones each."""
PARTS = 8
MOST, LEAST = 1000, 125
"""So many requests at least, in all and in each part of the operations."""
STREAM = ["/api/events", "/api/trips/{slug}/events"]
"""Their answers do not end."""
SHORT = "0.2"
"""Some verbs answer nothing, so whoever asks waits in vain: not for long."""


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_sent_is_answered_in_words(gateway: WebGateway, part: int) -> None:
    """A thousand requests and more: no 500, and problems are problem+json."""
    assert PARTS * LEAST >= MOST
    statuses: Counter[int] = Counter()
    schema = schemathesis.openapi.from_dict(gateway.get("/api/openapi.json"))
    for place, found in enumerate(schema.exclude(path=STREAM).get_all_operations()):
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE) if place % PARTS == part else ():
            with contextlib.suppress(Unsatisfiable):  # where nothing is taken, nothing can be broken
                _judge(gateway, found.ok().as_strategy(generation_mode=mode), statuses)
    assert "Traceback" not in gateway.said()
    assert gateway.call("GET", "/healthz").status == 200
    assert statuses.total() >= LEAST
    assert statuses[200] + statuses[202] >= EXAMPLES, statuses  # the document says what is taken


def _judge(gateway: WebGateway, strategy: Any, statuses: "Counter[int]") -> None:
    """Make some requests, the same ones each time."""

    @seed(12)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def run(case: Any) -> None:
        query = dict(case.query or {})
        if "/api/actors/" in case.path and case.method == "POST" and _may_be_long(query.get("timeout_s", 10)):
            query["timeout_s"] = SHORT
        case.query = query
        answer = case.call(base_url=gateway.url.rstrip("/"), timeout=60)
        statuses[answer.status_code] += 1
        said = f"{case.method} {case.path} {query} {case.body!r}: {answer.status_code} {answer.text}"
        assert answer.status_code != 500, said
        if answer.status_code >= 400:
            told = json.loads(answer.text)
            assert answer.headers["content-type"] == ["application/problem+json"], said
            assert (told["status"], bool(told["detail"])) == (answer.status_code, True), said

    run()


def _may_be_long(timeout_s: Any) -> bool:
    try:
        return float(timeout_s) > float(SHORT)
    except (TypeError, ValueError):
        return False
