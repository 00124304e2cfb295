"""The document is valid, complete, and the page beside it says the same."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import jsonschema
from starlette.testclient import TestClient

from orchestrator_adapter.api import contents
from orchestrator_adapter.api.health import Meters

TABLE = contents.operations(Meters(lambda: None, lambda: 0))


def document(client: TestClient) -> dict[str, Any]:
    return client.get("/api/v1/openapi.json").json()


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return here + [ref for item in value.values() for ref in references(item)]
    return [ref for item in value for ref in references(item)] if isinstance(value, list) else []


def test_the_document_covers_every_operation_and_the_stream(client: TestClient):
    paths = document(client)["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == {(o.method, o.path) for o in TABLE} | {("GET", "/api/v1/events")}


def test_the_document_is_well_formed(client: TestClient):
    found = document(client)
    assert found["openapi"].startswith("3.1.")
    operations = [operation for methods in found["paths"].values() for operation in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for path, methods in found["paths"].items():
        for operation in methods.values():
            in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))
            assert operation["responses"]
    schemas = found["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in references(found)} <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for operation in operations:
        for parameter in operation["parameters"]:
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])


def test_a_real_answer_fits_the_document(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    found = document(client)
    for path, name in [("tasks", "TaskList"), ("agents", "AgentList"), ("status", "StatusShape")]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
        jsonschema.validate(client.get(f"/api/v1/{path}").json(), schema, jsonschema.Draft202012Validator)


def test_the_page_names_every_address_and_loads_nothing(client: TestClient):
    answer = client.get("/api/v1/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for operation in TABLE:
        assert operation.path in answer.text
    loaded: list[str] = []

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag in ("script", "link", "img", "iframe"):
                loaded.append(tag)

    Finder().feed(answer.text)
    assert loaded == []
    targets = set(re.findall(r'href="#(\w+)"', answer.text))
    assert targets <= set(re.findall(r'id="(\w+)"', answer.text))
