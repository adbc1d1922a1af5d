"""`gateway reload`: the running gateway reads its configuration again, and says what it took over and what it did not.

`systemctl reload gateway` runs it, so that a file with mistakes makes that fail.
"""

from gateway.console.client import Client
from gateway.console.exits import FINE
from gateway.console.output import complain, say, say_json

_TIMEOUT_S = 120.0
"""Each device that is made anew may take its seconds to close."""
_MARGIN_S = 5.0


def reload(client: Client, *, as_json: bool) -> int:
    """Have the gateway read its configuration again. Raises Failed where the file has problems: then nothing was taken over."""
    request = {"do": "reload", "timeout_s": _TIMEOUT_S}
    answer = client.ask(request, patience_s=_TIMEOUT_S + _MARGIN_S, waiting=lambda text: complain(f"gateway: {text}"))
    if as_json:
        say_json({key: answer[key] for key in ("taken", "not_up", "closing", "needs_restart")})
    else:
        say(answer["text"])
    return FINE
