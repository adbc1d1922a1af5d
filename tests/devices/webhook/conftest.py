"""What the tests of the webhook share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devices.webhook.hook import Webhook
from devices.webhook.settings import WebhookSettings
from devices.webhook.simulator import Receiver
from gateway.testing import Bench

Hook = Callable[..., Bench]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of this test's own."""
    with Receiver() as made:
        yield made


@pytest.fixture
def hook() -> Hook:
    """Makes a bench with one webhook, quick to try again; enter it to run it."""

    def made(url: str, **rest: Any) -> Bench:
        settings = WebhookSettings.model_validate({"url": url, "retry_min_s": 0.05, "retry_max_s": 0.1, **rest})
        return Bench(Webhook("alerts", settings), "webhook/alerts")

    return made
