"""Problems: what a request is answered that cannot be carried out, in the gateway's own words.

Source: RFC 9457, problem details for HTTP APIs.
"""

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

_STATUS = {
    "bad_id": 400,
    "bad_request": 400,
    "bad_body": 400,
    "unwelcome": 401,
    "forbidden": 403,
    "not_found": 404,
    "unwritten": 404,
    "unknown_target": 404,
    "bad_method": 405,
    "refused_by_actor": 409,
    "not_paused": 409,
    "used_before": 409,
    "too_long": 413,
    "bad_type": 415,
    "bad_payload": 422,
    "other_content": 422,
    "late": 408,
    "internal": 500,
    "refused": 503,
    "busy": 503,
    "timeout": 503,
    "closing": 503,
    "failed": 503,
    "outcome_unknown": 504,
}
"""The HTTP status of each fault, by the control socket's word or one of our own."""


class HttpProblem(Exception):
    """Raised where a request ends in a problem: a word for programs, a sentence for people."""

    def __init__(self, fault: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.headers = headers or {}

    @property
    def status(self) -> int:
        return _STATUS.get(self.fault, 500)


def problem(fault: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that tells a problem."""
    status = _STATUS.get(fault, 500)
    fields: dict[str, Any] = {"type": f"urn:gateway:{fault}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    more = {"retry-after": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(json.dumps(fields, ensure_ascii=False), status, {**more, **(headers or {})}, "application/problem+json")


def taken(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the gateway that is a yes. Raises HttpProblem where it is a no."""
    if not answer.get("ok"):
        raise HttpProblem(str(answer.get("fault", "internal")), str(answer.get("error", "no reason was given")))
    return answer
