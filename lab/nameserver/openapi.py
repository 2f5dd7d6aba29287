"""Describe the control API in OpenAPI 3.1, out of the table of its routes and their shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from .. import __version__
from .control_shapes import Nothing, Problem, Shape
from .control_verbs import Route

_SCHEMAS: Final = "#/components/schemas/"


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the description of an API, as JSON values."""
    listed = tuple(routes)
    shapes: dict[type[Shape], None] = {Problem: None}
    for route in listed:
        shapes |= {kind: None for kind in (route.answer, route.body) if kind is not Nothing}
    validated, serialized = "validation", "serialization"
    answers = {route.answer for route in listed} | {Problem}
    pairs = [(kind, serialized if kind in answers else validated) for kind in shapes]
    _, schemas = models_json_schema(pairs, ref_template=_SCHEMAS + "{model}")  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rootlab control",
            "version": __version__,
            "description": "Operate an emulated DNS root while resolvers ask it.",
        },
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(route: Route) -> dict[str, Any]:
    """Describe one route."""
    found: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{route.path.replace('/', '-').replace('{name}', 'name')}",
        "responses": {
            "200": {"description": route.answer.__doc__, "content": _content(route.answer)},
            "default": {"description": Problem.__doc__, "content": _content(Problem)},
        },
    }
    parameters = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in route.query.model_json_schema().get("properties", {}).items()
    ]
    if "{name}" in route.path:
        parameters.append({"name": "name", "in": "path", "required": True, "schema": {"type": "string"}})
    if parameters:
        found["parameters"] = parameters
    if route.body is not Nothing:
        required = any(field.is_required() for field in route.body.model_fields.values())
        found["requestBody"] = {"required": required, "content": _content(route.body)}
    return found


def _content(kind: type[Shape]) -> dict[str, Any]:
    """Refer to a shape."""
    return {"application/json": {"schema": {"$ref": _SCHEMAS + kind.__name__}}}
