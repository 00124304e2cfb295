"""The API described by itself: an OpenAPI 3.1 document made from the table of contents, and a page to read it."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from data.domain.errors import FleetError, InvalidField, StoreUnavailable
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.answers import RefusalShape
from orchestrator_adapter.api.contents import V1
from orchestrator_adapter.api.http import WITH_BODY, Operation

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
EVENTS = f"{V1}/events"
TOPICS = "`fleet`, `costs`, `task:ID`, `board:fleet`, `board:task:ID`"


def document(operations: Sequence[Operation], version: str = "1") -> Json:
    """The whole document."""
    schemas = _schemas(operations)
    paths: dict[str, Json] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    paths[EVENTS] = {"get": _stream()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Quarterdeck",
            "version": version,
            "description": "Watch, command and pay for a fleet of agents. Money is dollars, times are UTC.",
        },
        "paths": dict(paths),
        "components": {"schemas": schemas},
    }


def _schemas(operations: Iterable[Operation]) -> Json:
    models: dict[type[BaseModel], JsonSchemaMode] = {RefusalShape: "serialization"}
    for operation in operations:
        if operation.gives:
            models[operation.gives] = "serialization"
        if operation.method in WITH_BODY and operation.takes is not bodies.Nothing:
            models[operation.takes] = "validation"
    _, found = models_json_schema(list(models.items()), by_alias=True, ref_template=_REF)
    return dict(found["$defs"])


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _operation(operation: Operation) -> Json:
    out: Json = {
        "operationId": _name(operation),
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation)],
        "responses": {str(operation.status): _given(operation), **_refusals(operation)},
    }
    if operation.method in WITH_BODY and operation.takes is not bodies.Nothing:
        needed = any(field.is_required() for field in operation.takes.model_fields.values())
        out["requestBody"] = {"required": needed, "content": {"application/json": {"schema": _ref(operation.takes)}}}
    return out


def _name(operation: Operation) -> str:
    words = re.sub(r"[^a-z]+", "_", operation.path.removeprefix(V1).lower()).strip("_")
    return f"{operation.method.lower()}_{words}"


def _given(operation: Operation) -> Json:
    if operation.status == 204:
        return {"description": "Done"}
    if operation.gives is None:
        return {"description": operation.summary, "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"description": operation.summary, "content": {"application/json": {"schema": _ref(operation.gives)}}}


def _refusals(operation: Operation) -> Json:
    by_status: dict[int, list[str]] = defaultdict(list)
    kinds: set[type[FleetError]] = {*operation.refuses, StoreUnavailable}
    if operation.takes is not bodies.Nothing:
        kinds.add(InvalidField)
    for kind in sorted(kinds, key=lambda k: k.__name__):
        by_status[kind.status].append(f"`{kind().code}` {kind.__doc__}")
    content = {"application/json": {"schema": _ref(RefusalShape)}}
    return {str(s): {"description": "  \n".join(texts), "content": content} for s, texts in sorted(by_status.items())}


def _path_parameters(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    if operation.method != "GET":
        return []
    schema = operation.takes.model_json_schema(by_alias=True)
    shared = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _inlined({key: value for key, value in field.items() if key != "description"}, shared),
            "description": field.get("description", ""),
        }
        for name, field in schema["properties"].items()
    ]


def _inlined(schema: Any, shared: Json) -> Any:
    """The schema with its references replaced by what they point at."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(shared[schema["$ref"].rpartition("/")[2]], shared)
        return {key: _inlined(value, shared) for key, value in schema.items()}
    return [_inlined(item, shared) for item in schema] if isinstance(schema, list) else schema


def _stream() -> Json:
    text = {"type": "string"}
    return {
        "operationId": "get_events",
        "summary": "What happens, as a WebSocket",
        "description": (
            f"Topics, separated by commas: {TOPICS}. Every message is "
            '`{"clock": n, "topic": "...", "kind": "...", "data": {...}}`; `after=CLOCK` resumes behind the clock of '
            "the last message. Kind `resync` asks to read the lists again, `heartbeat` comes after 15 quiet seconds, "
            "`store` when the store goes away or comes back."
        ),
        "parameters": [
            {"name": "topics", "in": "query", "required": True, "schema": text},
            {"name": "after", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}},
        ],
        "responses": {"101": {"description": "The stream begins"}},
    }


def page(described: Json) -> str:
    """The document as a page: no script, nothing loaded from elsewhere."""
    operations = "".join(
        _section(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    style = (Path(__file__).parent / "shell" / "docs.css").read_text(encoding="utf-8")
    shapes = "".join(_shape(name, schema) for name, schema in described["components"]["schemas"].items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Quarterdeck API</title><style>{style}</style></head><body><main><h1>Quarterdeck API</h1>"
        f"<p>{html.escape(described['info']['description'])} The same as a document: "
        f'<a href="{V1}/openapi.json">openapi.json</a>.</p>{operations}<h1>Shapes</h1>{shapes}</main></body></html>'
    )


def _section(method: str, path: str, operation: Json) -> str:
    rows = [(f"{p['name']} ({p['in']})", _type(p["schema"]), p.get("description", "")) for p in operation["parameters"]]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        rows.append(("body", _type(body), ""))
    rows += [
        (
            status,
            _type(given["content"]["application/json"]["schema"])
            if "application/json" in given.get("content", {})
            else "",
            given["description"],
        )
        for status, given in operation["responses"].items()
    ]
    lines = "".join(_row(*row) for row in rows)
    told = _html(operation.get("description", ""))
    return (
        f"<section><h2><b>{method.upper()}</b><code>{_html(path)}</code></h2><p>{_html(operation['summary'])}</p>"
        f"<p>{told}</p><table>{lines}</table></section>"
    )


def _row(name: str, kind: str, told: str) -> str:
    return f"<tr><td><code>{_html(name)}</code></td><td>{kind}</td><td>{_html(told)}</td></tr>"


def _shape(name: str, schema: Json) -> str:
    rows = "".join(
        _row(field, _type(kind), kind.get("description", "")) for field, kind in schema.get("properties", {}).items()
    )
    values = _html(", ".join(map(str, schema.get("enum", []))))
    return f'<section id="{_html(name)}"><h2>{_html(name)}</h2><p>{values}</p><table>{rows}</table></section>'


def _type(schema: Json) -> str:
    """A schema in a few words of HTML."""
    if "$ref" in schema:
        name = _html(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return _html(", ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        return "list of " + _type(schema.get("items", {}))
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return _html(" ".join([str(schema.get("const", schema.get("type", "anything"))), *bounds]))


_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def _html(text: object) -> str:
    return html.escape(str(text))
