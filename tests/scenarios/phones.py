"""A phone: somebody at a real broker who asks actors, with a response topic, and waits for the answers."""

import json
from itertools import count
from typing import Any, Self

from tests.brokers import Peer

ASK = "gateway/home/ask"


class Phone:
    """It keeps nothing but its connection."""

    def __init__(self, port: int) -> None:
        self.peer = Peer(port)
        self._asks = count(1)
        self._answers = f"answers/{id(self)}"

    def __enter__(self) -> Self:
        self.peer.__enter__()
        self.peer.listen(self._answers)
        return self

    def __exit__(self, *exc: object) -> None:
        self.peer.__exit__(*exc)

    def ask(self, actor: str, verb: str, **fields: Any) -> dict[str, Any]:
        """Ask an actor, and wait for its answer."""
        number = str(next(self._asks)).encode()
        self.peer.publish(f"{ASK}/{actor}/{verb}", json.dumps(fields), ResponseTopic=self._answers, CorrelationData=number)
        heard = self.peer.until(lambda: [one for one in list(self.peer.heard) if one.topic == self._answers and _of(one) == number])
        answer: dict[str, Any] = json.loads(heard[0].payload)
        return answer


def _of(heard: Any) -> bytes:
    correlation: bytes = heard.properties.CorrelationData
    return correlation
