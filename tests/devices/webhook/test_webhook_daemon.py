"""A webhook in a whole gateway, killed and stopped in the middle of requests."""

import json
from pathlib import Path

from devices.webhook.simulator import CannedAnswer, Receiver
from tests.daemons import DaemonProcess


def test_a_request_that_a_kill_or_a_stop_cut_off_is_made_again_under_its_key(tmp_path: Path) -> None:
    """Neither waits for the server, and nothing is lost or posted under another key."""
    with Receiver() as receiver:
        receiver.will_answer(CannedAnswer(after_s=60.0), CannedAnswer(after_s=60.0))
        with DaemonProcess(tmp_path, f'[webhook.alerts]\nurl = "{receiver.url}"\ntimeout_s = 60.0\n', close_s=3.0) as daemon:
            daemon.until_listening()
            daemon.gateway("tell", "webhook/alerts", "notify", "subject=Frost")
            receiver.until(lambda: len(receiver.posts) == 1)
            daemon.kill()
            daemon.again()
            receiver.until(lambda: len(receiver.posts) == 2)
            assert daemon.stop() == 0
            daemon.again()
            receiver.until(lambda: len(receiver.posts) == 3)
            daemon.until_listening()
            asked = daemon.gateway("ask", "webhook/alerts", "post", '{"fields": {"a": 1}}', "--json")
            assert json.loads(asked.stdout) == {"status": 204}
            assert daemon.stop() == 0
    assert len({posted.headers["Idempotency-Key"] for posted in list(receiver.posts)[:3]}) == 1
