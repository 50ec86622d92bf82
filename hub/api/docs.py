"""OpenAPI at `/docs`, with Swagger UI from this hub: nothing is loaded from elsewhere."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.router import Router
from litestar.static_files import (
    create_static_files_router,  # pyright: ignore[reportUnknownVariableType] - half typed
)

from hub.api.guards import clients
from hub.api.idempotency import ACCEPTED, HEADER, MUTATING, UNKEPT
from shared.version import VERSION

# The package's own code makes pages for other frameworks; only its files are wanted.
_ASSETS = Path(str(files("swagger_ui"))) / "static"


KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{ACCEPTED.pattern}$"},
    "description": "The same request under the same key acts once, and is answered the same for a "
    "day. 422: the key was used for another request. 409: the first is being carried out.",
    "example": "order-4711-picture-1",
}
"""The header that every route that changes something understands."""


def _changing(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if method.upper() in MUTATING and path not in UNKEPT:
                yield operation


def _with_keys(schema: dict[str, Any]) -> dict[str, Any]:
    for operation in _changing(schema):
        parameters = operation.setdefault("parameters", [])
        if KEY not in parameters:
            parameters.append(KEY)
    return schema


class _Document(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_keys(openapi_schema))  # pyright: ignore[reportUnknownMemberType] - half typed


class _Page(SwaggerRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_keys(openapi_schema))  # pyright: ignore[reportUnknownMemberType] - half typed


def docs() -> OpenAPIConfig:
    """The document and its page."""
    return OpenAPIConfig(
        title="emp-job-queue hub",
        version=VERSION,
        description="Submit jobs, follow them, see who works.",
        use_handler_docstrings=True,
        render_plugins=[
            _Page(
                js_url="/docs-assets/swagger-ui-bundle.js",
                css_url="/docs-assets/swagger-ui.css",
                standalone_preset_js_url="/docs-assets/swagger-ui-standalone-preset.js",
                path="/",
            ),
            _Document(path="/openapi.json"),
        ],
        openapi_router=Router(
            "/docs", before_request=clients, route_handlers=[], include_in_schema=False
        ),
    )


assets = create_static_files_router("/docs-assets", [_ASSETS], include_in_schema=False)
