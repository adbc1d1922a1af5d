"""A collection, killed for good in the midst of additions: its count is right at once, though what was asked is not done yet.

At full size: COLLECTION_ENTRIES=100000 python -m pytest tests/faults/test_collection_killed.py
"""

import json
import os
import random
import threading
from pathlib import Path
from typing import Any

from gateway.runtime.mail import read_header
from gateway.store.sqlite import SqliteStore
from tests.faults.collection_process import PARTS
from tests.faults.test_engine_killed import Life

ENTRIES = int(os.environ.get("COLLECTION_ENTRIES", "3000"))
KILLS = 6
LIMIT_S = 60 + ENTRIES / 100
"""For what a life has to say, on a machine that may be busy."""


def committed(path: Path) -> tuple[set[str], int]:
    """The keys of a collection by what is on disk, wherever each is: in a page, on its way there, or waiting for the collection itself;
    and how many are in no page yet."""
    store = SqliteStore(path)
    in_pages, ahead = set[str](), set[str]()
    for id in store.actors(f"{PARTS}/collection_page/", "", ENTRIES):
        row = store.load(id)
        assert row is not None
        page = json.loads(row.state)
        in_pages |= page["values"].keys()
        ahead |= {errand["key"] for errand in page["held"] if errand["do"] == "add"}
    for box in store.boxes():
        for mail in store.mail(box.box, 0, ENTRIES):
            ahead |= _keys(read_header(mail.message)[0][2], json.loads(read_header(mail.message)[1]))
    store.close()
    return in_pages | ahead, len(ahead - in_pages)


def _keys(verb: str, payload: dict[str, Any]) -> set[str]:
    if verb == "begin":
        return set(payload["values"])
    return {payload["key"]} if verb == "add" or payload.get("do") == "add" else set()


def _write(life: Life, lines: list[str]) -> threading.Thread:
    """Write to a process while it is read from: both pipes hold little."""
    thread = threading.Thread(target=life.write, args=(lines,))
    thread.start()
    return thread


def test_the_count_is_right_at_once_after_a_kill_amid_additions(tmp_path: Path) -> None:
    """It is the first thing that is asked of each life; of what the disk had in that moment nothing is missing, and nothing is doubled."""
    path, rng = tmp_path / "gateway.db", random.Random(11)
    keys = [f"{number * 7919 % 100_003:06}" for number in range(ENTRIES)]
    acknowledged, under_way = set[str](), 0
    for _ in range(KILLS):
        known = committed(path)[0]
        left = [key for key in keys if key not in acknowledged]
        life = Life(path, "tests.faults.collection_process")
        writing = _write(life, left[: ENTRIES // KILLS])
        assert life.read(1, limit_s=LIMIT_S) == [f"count {len(known)}"]
        said = life.read(rng.randrange(1, ENTRIES // KILLS), limit_s=LIMIT_S)
        life.process.kill()
        writing.join()
        said += life.end()[0]
        acknowledged |= {line.split()[1] for line in said if line.startswith("ack ") and line.split()[1:]}
        on_disk, ahead = committed(path)
        assert acknowledged <= on_disk
        under_way += ahead
    known = committed(path)[0]
    life = Life(path, "tests.faults.collection_process")
    writing = _write(life, [*(key for key in keys if key not in acknowledged), "end"])
    said = life.read(1 + ENTRIES - len(acknowledged), limit_s=LIMIT_S)
    writing.join()
    rest, code = life.end()
    assert code == 0
    assert [int(line.split()[1]) for line in [*said, *rest] if line.startswith("count ")] == [len(known), ENTRIES]
    assert under_way > 0, "no kill came amid additions: this test has shown nothing"
