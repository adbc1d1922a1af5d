"""What the values of a twin were: as `gateway show twin/boiler --since 2h` tells it, for charts.

GET api/actors/twin/boiler/history?since=7d&step=1h&value=temp_c
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import truth_of, whole_of
from devices.web.problems import HttpProblem, taken
from devices.web.replies import checked
from devices.web.routing import look
from devices.web.times import at_ms_of, span_s_of

COLUMNS = ("at_ms", "low", "mean", "high", "readings")
_MOST_ROWS = 2000
_USUAL_ROWS = 500
_MOST_VALUES = 64
_ROWS_IN_ALL = _MOST_VALUES * _USUAL_ROWS
"""Of many values each has less room: their rows are in memory together."""
_MOST_STEP_S = 366 * 86_400
_TIMEOUT_S = 30.0


async def history(request: Request) -> Response:
    """What the numbers and booleans of a twin were, or one of them.

    Each row stands for one step: its begin, the least, the mean and the greatest, and how many readings these are of. Without a step it is
    as long as makes no more than so many rows. With every=true a row is one reading, and next_ms says where to ask again for more.
    """
    id = checked(f"{request.path_params['kind']}/{request.path_params['key']}")
    asked = _asked(request)
    names, others = await _names(request, id)
    asked["most"] = min(asked["most"], _ROWS_IN_ALL // max(1, len(names) + len(others)))
    found = [await _one(request, id, name, asked) for name in names]
    found += [one for name in others if (one := await _one(request, id, name, asked))["rows"]]
    return JSONResponse({"id": id, "columns": COLUMNS, "values": found})


def _asked(request: Request) -> dict[str, Any]:
    """What is asked of each value."""
    said = request.query_params
    asked: dict[str, Any] = {
        "since_ms": at_ms_of("since", said.get("since", "1d")),
        "most": whole_of(request, "limit", _USUAL_ROWS, _MOST_ROWS),
    }
    if "until" in said:
        asked["until_ms"] = at_ms_of("until", said["until"])
        if asked["until_ms"] <= asked["since_ms"]:
            raise HttpProblem("bad_request", "until is not behind since: nothing can lie between them")
    if truth_of(request, "every"):
        return {**asked, "every": True}
    return {**asked, "step_s": span_s_of("step", said["step"], most_s=_MOST_STEP_S)} if "step" in said else asked


async def _names(request: Request, id: str) -> tuple[list[str], list[str]]:
    """The names of the values that are wanted: one, or all numbers and booleans; and of those that are missing now, or texts, and may have
    been numbers, as many as have room. Raises HttpProblem where there is no such value."""
    shown = taken(await request.app.door.ask({"do": "show", "id": id})).get("actor") or {}
    values = shown.get("state", {}).get("values") if isinstance(shown.get("state"), dict) else None
    if not id.startswith("twin/") or not isinstance(values, dict):
        raise HttpProblem("not_found", f"{id} has no history: only twins keep what their values were")
    wanted = request.query_params.get("value", "")
    if wanted and wanted not in values:
        raise HttpProblem("not_found", f"{id} has no value {wanted[:100]!r}; it has {', '.join(values) or 'none yet'}")
    names = [wanted] if wanted else [name for name, known in values.items() if isinstance(known.get("value"), bool | int | float)]
    if len(names) > _MOST_VALUES:
        raise HttpProblem("bad_request", f"{id} has {len(names)} values, and {_MOST_VALUES} are told at once: say which, with value=")
    others = [] if wanted else [name for name in values if name not in names]
    return names, others[: _MOST_VALUES - len(names)]


async def _one(request: Request, id: str, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    words = {"do": "ask", "to": id, "verb": "history", "payload": {"value": name, **asked}, "timeout_s": _TIMEOUT_S}
    body: dict[str, Any] = taken(await request.app.door.ask(words))["body"]
    return body


_TEXT = {"type": "string"}
routes = [
    look(
        "/api/actors/{kind}/{key}/history",
        history,
        since={**_TEXT, "default": "1d"},
        until=_TEXT,
        step=_TEXT,
        value=_TEXT,
        every={"type": "boolean", "default": False},
        limit={"type": "integer", "minimum": 1, "maximum": _MOST_ROWS, "default": _USUAL_ROWS},
    )
]
