"""What a request says: the page that it wants, how long it waits, the JSON of its body. What is wrong with them is a problem in words."""

import json
from typing import Any, NoReturn
from urllib.parse import quote

from starlette.requests import Request

from devices.web.problems import HttpProblem
from gateway.actors.payloads import DEEPEST, TooDeep, refuse_depth
from gateway.key_twice import KeyTwice, object_once

MOST_LISTED = 1000
MOST_NUMBER = 2**53 - 1
"""The greatest whole number that every reader of JSON has."""
_USUAL = 100
_TIMEOUT_S = 10.0
_MOST_TIMEOUT_S = 60.0


def page_of(request: Request, *, whole: bool = False) -> tuple[str, int]:
    """Which page is wanted: behind what, and how many at most. Raises HttpProblem."""
    after, limit = request.query_params.get("after", ""), whole_of(request, "limit", _USUAL, MOST_LISTED)
    if whole and after and number_in(after, MOST_NUMBER) is None:
        raise HttpProblem("bad_request", f"after is {after[:40]!r}: write the number of the last one that you have")
    return after, limit


def next_page(after: str, limit: int) -> str:
    """The link to the next page, relative to this one."""
    return f"?after={quote(after, safe='')}&limit={limit}"


def truth_of(request: Request, name: str) -> bool:
    """Whether something is wanted. Raises HttpProblem."""
    said = request.query_params.get(name, "false")
    if said not in ("true", "false"):
        raise HttpProblem("bad_request", f"{name} is {said[:40]!r}: write true or false")
    return said == "true"


def whole_of(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 on. Raises HttpProblem."""
    said = request.query_params.get(name, str(default))
    found = number_in(said, most)
    if not found:
        raise HttpProblem("bad_request", f"{name} is {said[:40]!r}: write a whole number from 1 to {most}")
    return found


def number_in(said: str, most: int) -> int | None:
    """The whole number that a text of any length is, from 0 to `most`; None where it is none."""
    digits = said.lstrip("0") or said[-1:]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))):  # Python refuses to read thousands of digits
        return None
    found = int(digits)
    return found if found <= most else None


def timeout_s_of(request: Request) -> float:
    """For how many seconds the answer is waited for. Raises HttpProblem."""
    said = request.query_params.get("timeout_s", str(_TIMEOUT_S))
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_TIMEOUT_S:
        raise HttpProblem("bad_request", f"timeout_s is {said[:40]!r}: write seconds above 0 and up to {_MOST_TIMEOUT_S:g}")
    return found


async def json_of(request: Request) -> dict[str, Any]:
    """The fields of a request's body; none where it has no body. Raises HttpProblem."""
    body = await request.body()
    if not body.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # which no form of another site's page can send unasked
        raise HttpProblem("bad_type", f"the body is {kind[:100] or 'of no type'}: send JSON, with Content-Type: application/json")
    try:
        refuse_depth(body, DEEPEST)
        found = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=object_once)
    except HttpProblem:
        raise
    except KeyTwice as error:
        raise HttpProblem("bad_body", f"cannot read the body: the key {error.key!r} stands twice in one object") from None
    except TooDeep as error:
        raise HttpProblem("bad_body", f"cannot read the body: {error}") from None
    except (ValueError, RecursionError):
        raise HttpProblem("bad_body", "cannot read the body: it is no JSON") from None
    if not isinstance(found, dict):
        raise HttpProblem("bad_body", "cannot read the body: it is no JSON object")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise HttpProblem("bad_body", f"cannot read the body: {text} is no number that JSON has")
