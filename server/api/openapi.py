"""The OpenAPI 3.1 document, made from the table of operations and pydantic's JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from server.api.operation import Input, Operation
from server.problems import KINDS, MEDIA_TYPE

_REF: Final = "#/components/schemas/{model}"
_CONVERTOR: Final = re.compile(r"{(\w+):\w+}")


def problem_schema() -> dict[str, Any]:
    """Return the schema of a problem document (RFC 9457)."""
    text = {"type": "string"}
    fault = {"in": text, "field": text, "kind": text, "message": text}
    return {
        "title": "Problem",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(KINDS)},
            "detail": text,
            "request_id": text,
            "errors": {
                "type": "array",
                "items": {"type": "object", "properties": fault, "required": sorted(fault)},
            },
        },
        "required": ["type", "title", "status", "code"],
    }


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of these operations."""
    schemas, definitions = models_json_schema(_models(operations), ref_template=_REF)
    components = {**definitions.get("$defs", {}), "Problem": problem_schema()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = "/api/v1" + _CONVERTOR.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "网格通 Wangge",
            "version": version,
            "description": "Grids and records of a district, masked unless a token may see more.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "wangge_session"},
            },
        },
    }


Schemas = Mapping[tuple[Any, JsonSchemaMode], dict[str, Any]]


def _models(operations: Iterable[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for operation in operations:
        for model in (operation.path_model, operation.query_model, operation.body_model):
            models[model, "validation"] = None
        if operation.returns:
            models[operation.returns, "serialization"] = None
    return list(models)


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            *_parameters(operation.path_model, "path"),
            *_parameters(operation.query_model, "query"),
        ],
        "responses": _responses(operation, schemas),
        "security": [] if operation.public else [{"bearer": []}, {"cookie": []}],
    }
    if operation.description:
        described["description"] = operation.description
    if operation.has_body:
        schema = schemas[operation.body_model, "validation"]
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return described


def _parameters(model: type[Input], place: str) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": place,
            "required": place == "path" or name in required,
            "schema": {key: value for key, value in member.items() if key != "title"},
        }
        | ({"description": member["description"]} if "description" in member else {})
        for name, member in schema.get("properties", {}).items()
    ]


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "OK"}
    if operation.returns:
        schema = schemas[operation.returns, "serialization"]
        success["content"] = {"application/json": {"schema": schema}}
    by_status: dict[int, list[str]] = {}
    for code in _problem_codes(operation):
        by_status.setdefault(KINDS[code].status, []).append(code)
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {
        str(operation.status): success,
        **{
            str(status): {"description": ", ".join(codes), "content": problem}
            for status, codes in sorted(by_status.items())
        },
    }


def _problem_codes(operation: Operation) -> list[str]:
    codes = list(operation.problems)
    if not operation.public:
        codes += ["not-signed-in", "session-expired"]
    if operation.scope:
        codes.append("missing-scope")
    if operation.has_body:
        codes += ["malformed-json", "too-large", "unsupported-media-type"]
    if operation.method not in ("GET", "HEAD"):
        codes.append("cross-site")
    codes += ["invalid-value", "store-unavailable"]
    return list(dict.fromkeys(codes))
