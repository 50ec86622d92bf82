"""Who is let in to the status page.

It is on 127.0.0.1, where every website that a browser of this machine shows can send requests, too. So
a request must name this machine as its host (no name that a website has had resolved to us), must bring
the token, and one that changes something must come from the page itself.
"""

from hashlib import sha256
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from agent.desk import Desk, answer
from agent.desk.http import Request, Response, problem
from shared.pages import POLICY, page_file

_OURS = {"127.0.0.1", "localhost", "::1"}
_FILES = {
    "/": "index.html",
    "/page.css": "page.css",
    "/page.js": "page.js",
    "/draw.js": "draw.js",
    "/live.js": "live.js",
}
_HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
_HOW = "open the link that `emp-agent status` tells on this machine"


@frozen
class Door:
    """Lets whoever has the token to the desk."""

    _desk: Desk
    token: str = field(repr=False)

    async def answer(self, request: Request) -> Response:
        """Answer, or say why not."""
        response = await self._answered(request)
        return evolve(response, headers=_HEADERS | dict(response.headers))

    async def _answered(self, request: Request) -> Response:
        for check in (self._named, self._known, self._own):
            if refusal := check(request):
                return refusal
        if request.path == "/" and "token" in request.query:
            return self._entered()
        if request.method == "GET" and request.path in _FILES:
            return _file(request.path)
        return await answer(self._desk, request)

    def _named(self, request: Request) -> Response | None:
        """Any port will do: a tunnel has its own."""
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        return None if host in _OURS else problem(403, f"Host: {host} is not this machine")

    def _known(self, request: Request) -> Response | None:
        given = self._given(request)
        if any(compare_digest(each.encode(), self.token.encode()) for each in given):
            return None
        return problem(401, f"the token is missing, or of an earlier start: {_HOW}")

    def _own(self, request: Request) -> Response | None:
        """A cookie comes along with whatever a browser sends; the page's own requests name it."""
        if request.method == "GET" or "authorization" in request.headers:
            return None
        origin = request.headers.get("origin")
        if origin == f"http://{request.headers['host']}":
            return None
        return problem(403, f"Origin: {origin} is not the status page")

    def _given(self, request: Request) -> list[str]:
        """Every token that a request brings."""
        if "authorization" in request.headers:
            return [request.headers["authorization"].removeprefix("Bearer ")]
        given = [request.query["token"]] if "token" in request.query and request.path == "/" else []
        return [*given, *_cookies(request, self._cookie)]

    @property
    def _cookie(self) -> str:
        # Cookies are shared by all ports of a host: agents must not overwrite each other's.
        return f"emp-agent-{sha256(self.token.encode()).hexdigest()[:12]}"

    def _entered(self) -> Response:
        """The token stays in a cookie, not in the address, which is seen and kept."""
        cookie = f"{self._cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        return Response(status=303, headers={"location": "/", "set-cookie": cookie})


def _cookies(request: Request, name: str) -> list[str]:
    try:
        jar = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return []
    return [jar[name].value] if name in jar else []


def _file(path: str) -> Response:
    content, kind = page_file(_FILES[path], "agent.status_page")
    return Response(content=content, content_type=f"{kind}; charset=utf-8")
