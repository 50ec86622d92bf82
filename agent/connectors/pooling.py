"""How long a connection to a service is kept for the next request."""

import httpx

POOL = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2.0)
"""httpx's own but for the time, in seconds. A1111 and many a service (uvicorn) hang up after 5 s of
silence, as httpx would by itself: a request sent just then is lost, and a `POST` is not sent twice.
"""
