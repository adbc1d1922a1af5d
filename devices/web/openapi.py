"""The description of this API for programs: OpenAPI 3.1, made of the routes and of the models that the verbs themselves take.

Source: OpenAPI 3.1.0; JSON Schema 2020-12.
"""

import inspect
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.problems import taken
from devices.web.routing import EVENT_STREAM, TIMEOUT_S, Needs, WebRoute, look

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_KEY = {"type": "string", "pattern": "^[A-Za-z0-9._~:@=,-]{1,128}$"}
_TYPES: dict[str, dict[str, Any]] = {"int": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, "path": {"type": "string"}, "": _KEY}
_PROBLEM = {
    "type": "object",
    "description": "A problem, in words: RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_JSON = "application/json"
_DEFS = "#/$defs/"
_NO_SCHEMAS = ("default", "const", "enum", "examples", "title", "description", "pattern")
"""The words of a schema behind which anything may stand."""
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]")
"""What may not stand in the name of a schema: a verb is any word of Python's."""


async def openapi(request: Request) -> Response:
    """Describe this API: its routes, and what the verbs of each kind take."""
    kinds = taken(await request.app.door.ask({"do": "kinds"}))["kinds"]
    access = request.app.access
    return JSONResponse(document(request.app.routes, kinds, cookie=access.cookie if access.is_guarded else ""))


def document(routes: list[WebRoute], kinds: list[dict[str, Any]], *, cookie: str) -> dict[str, Any]:
    """The whole description. `cookie` is the name of that which a login gives; empty where nobody needs one."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.media != EVENT_STREAM and (not route.path.endswith(":path}") or route.method == "GET"):
            paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = _of_route(route)
    for kind in kinds:
        for verb in kind["verbs"]:
            _add_verb(paths, schemas, kind, verb)
    schemes = {"bearer": {"type": "http", "scheme": "bearer"}, "cookie": {"type": "apiKey", "in": "cookie", "name": cookie}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Device gateway", "version": "1", "description": "The actors of one gateway: look at them, tell and ask them."},
        "servers": [{"url": "../"}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes if cookie else {}},
    }


def _of_route(route: WebRoute) -> dict[str, Any]:
    about, _, more = (inspect.getdoc(route.answer) or "").partition("\n")
    parameters = [_in_path(name, _TYPES[type]) for name, type in _PARAMETER.findall(route.path)]
    parameters += [_in_query(name, schema) for name, schema in route.query.items()]
    operation: dict[str, Any] = {"summary": about, "parameters": parameters, "responses": _responses(route.gives, route.media)}
    if more.strip():
        operation["description"] = " ".join(more.split())
    if route.method in ("POST", "PATCH"):
        operation["requestBody"] = {"content": {_JSON: {"schema": {"type": "object"}}}}
        operation["parameters"] = [*parameters, _IDEMPOTENCY]
    if route.needs is not Needs.NOTHING:
        operation["security"] = _SECURITY
    return operation


def _add_verb(paths: dict[str, Any], schemas: dict[str, Any], kind: dict[str, Any], verb: dict[str, Any]) -> None:
    """Add the two paths of one verb: to ask, and to tell."""
    name = _UNNAMED.sub(lambda found: f"_{ord(found[0]):x}_", f"{kind['kind']}.{verb['verb']}")
    schema = dict(verb["payload"])
    inner = schema.pop("$defs", {})
    for part, found in inner.items():
        schemas[f"{name}.{part}"] = _moved(found, name)
    schemas[name] = _moved(schema, name)
    whole = inner.get(str(schema.get("$ref", "")).removeprefix(_DEFS), schema)  # a model that holds itself is one of its own parts
    key = _KEY if kind["ids"] is None else {"enum": [id.rpartition("/")[2] for id in kind["ids"]]}
    path = f"/api/actors/{kind['kind']}/{{key}}/{verb['verb']}"
    body = {"content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}, "required": bool(whole.get("required"))}
    for ending, summary, responses in (("", verb["about"], _responses(200)), ("/tell", f"Tell: {verb['about']}", _responses(202))):
        paths[path + ending] = {
            "post": {
                "summary": summary,
                "tags": [kind["kind"]],
                "parameters": [_in_path("key", key), _in_query("timeout_s", TIMEOUT_S), _IDEMPOTENCY],
                "requestBody": body,
                "responses": responses,
                "security": _SECURITY,
            }
        }


def _moved(schema: Any, name: str) -> Any:
    """A schema whose references lead to where its definitions were moved."""
    if isinstance(schema, dict):
        return {key: _part(key, value, name) for key, value in schema.items()}
    if isinstance(schema, str) and schema.startswith(_DEFS):  # of a reference, or of a choice among models by the word that each has
        return f"#/components/schemas/{name}.{schema.removeprefix(_DEFS)}"
    return [_moved(one, name) for one in schema] if isinstance(schema, list) else schema


def _part(key: str, value: Any, name: str) -> Any:
    """What stands behind one word of a schema, moved."""
    if key == "properties":  # each by its own name, which may be any word
        return {one: _moved(inner, name) for one, inner in value.items()}
    return value if key in _NO_SCHEMAS else _moved(value, name)


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _responses(status: int, media: str = _JSON) -> dict[str, Any]:
    of_problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    problem = {"description": "A problem, in words.", "content": {"application/problem+json": of_problem}}
    said = {200: "The answer.", 201: "It is made.", 202: "It is on disk."}[status]
    return {str(status): {"description": said, "content": {media: {}}}, "default": problem}


_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[!-~]+$"},
    "description": "What is asked again under this key within a day is not done again, and is answered as it was.",
}
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]

routes = [look("/api/openapi.json", openapi)]
