"""What all pages share: their looks, and how they draw. Nothing is loaded from elsewhere."""

from importlib.resources import files

KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
}
SHARED = ("page.css", "draw.js", "live.js")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may load for a page of ours, and whom it lets show one."""


def page_file(name: str, package: str) -> tuple[bytes, str]:
    """A file of a page, UTF-8, and its media type; `package` has it in `files`, unless all pages do."""
    folder = files("shared.pages") if name in SHARED else files(package) / "files"
    return (folder / name).read_bytes(), KINDS[name[name.rindex(".") :]]
