"""The way out of a closed network: a proxy that opens tunnels, and a server's certificate."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

NAME = "hub.example"
"""A server that this machine cannot find by itself."""


def only(**given: str) -> dict[str, str]:
    """No proxies of the place where the tests run, but these. An empty small name hides a large one."""
    names = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    return dict.fromkeys((names - {each.lower() for each in given}) | {"ALL_PROXY"}, "") | given


def port(url: str) -> int:
    """The port that an address names."""
    found = urlsplit(url).port
    assert found is not None
    return found


@define
class Gateway:
    """A proxy; whatever host is asked of it, the way leads to `target`, a port of this machine."""

    target: int
    url: str = field(default="", init=False)
    asked: list[str] = field(factory=list, init=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One tunnel, or requests that name the host, which are handed on as they are."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, where, _ = head.decode().split(maxsplit=2)
        self.asked.append(f"{method} {where}")
        far, to_far = await asyncio.open_connection("127.0.0.1", self.target)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            to_far.write(head)
        await joined(reader, writer, far, to_far)


async def joined(
    near: asyncio.StreamReader,
    to_near: asyncio.StreamWriter,
    far: asyncio.StreamReader,
    to_far: asyncio.StreamWriter,
) -> None:
    """Hand on what comes from either side until both have ended."""
    await asyncio.gather(_copied(near, to_far), _copied(far, to_near))


async def _copied(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while some := await source.read(1 << 16):
            to.write(some)
    except ConnectionError:
        pass  # then that side is gone
    to.close()


@asynccontextmanager
async def gateway(target: int) -> AsyncGenerator[Gateway]:
    """A proxy on a free port."""
    proxy = Gateway(target)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy


@asynccontextmanager
async def sealed(target: int, directory: Path) -> AsyncGenerator[tuple[int, Path]]:
    """TLS before a plain port: the port of the former, and the authority that it takes."""
    certificate, key = directory / "authority.pem", directory / "authority.key"
    subprocess.run(  # noqa: ASYNC221 - quick, and nobody waits
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={NAME}"),
            *("-addext", f"subjectAltName=DNS:{NAME}", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection("127.0.0.1", target)
        await joined(reader, writer, far, to_far)

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1], certificate
