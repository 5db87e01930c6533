"""The API's own description (OpenAPI 3.1), as it serves it and as the documentation has it: `python -m web.api.description`."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from web.problems import Problem


def describe(app: FastAPI) -> dict[str, Any]:
    """The routes with their scopes, bodies and replies; problems are `application/problem+json` and nothing else."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes,
                            separate_input_output_schemas=False)
        shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = found["components"]["schemas"]
        schemas |= {**shape.pop("$defs", {}), "Problem": shape}
        for name in ("HTTPValidationError", "ValidationError"):  # the framework's own, which nothing is answered with
            schemas.pop(name, None)
        app.openapi_schema = found
    return app.openapi_schema


if __name__ == "__main__":
    from accounts.database import Database
    from accounts.settings import Settings
    from web.application import application

    found = describe(application(Database("postgresql://"), Settings()))
    print(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False))
