"""OpenAPI at `/docs`, with Swagger UI from this hub: nothing is loaded from elsewhere."""

from importlib.resources import files
from pathlib import Path

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.router import Router
from litestar.static_files import (
    create_static_files_router,  # pyright: ignore[reportUnknownVariableType] - half typed
)

from hub.api.guards import clients
from shared.version import VERSION

# The package's own code makes pages for other frameworks; only its files are wanted.
_ASSETS = Path(str(files("swagger_ui"))) / "static"


def docs() -> OpenAPIConfig:
    """The document and its page."""
    return OpenAPIConfig(
        title="emp-job-queue hub",
        version=VERSION,
        description="Submit jobs, follow them, see who works.",
        use_handler_docstrings=True,
        render_plugins=[
            SwaggerRenderPlugin(
                js_url="/docs-assets/swagger-ui-bundle.js",
                css_url="/docs-assets/swagger-ui.css",
                standalone_preset_js_url="/docs-assets/swagger-ui-standalone-preset.js",
                path="/",
            ),
            JsonRenderPlugin(path="/openapi.json"),
        ],
        openapi_router=Router(
            "/docs", guards=[clients], route_handlers=[], include_in_schema=False
        ),
    )


assets = create_static_files_router("/docs-assets", [_ASSETS], include_in_schema=False)
