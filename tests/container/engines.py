"""A container engine's command line, and containers that end with their test."""

import asyncio
import os
import shlex
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

from attrs import frozen

# Podman leaves HEALTHCHECK out of images in its own format; Docker has one format only.
_FORMAT = {"BUILDAH_FORMAT": "docker"}


class EngineError(RuntimeError):
    """A command of the engine failed; the message is what it said."""


@frozen
class Container:
    """A container that was started."""

    engine: "Engine"
    name: str

    async def url(self, port: int) -> str:
        """Where the container's port is reached from here; another place after each start."""
        published = await self.engine.run("port", self.name, str(port))
        return f"http://{published.splitlines()[0]}"

    async def exit_code(self) -> int:
        """Wait for its end."""
        return int(await self.engine.run("wait", self.name))

    async def logs(self) -> str:
        return await self.engine.run("logs", self.name)


@frozen
class Engine:
    """Podman or Docker, as `command`; `build_flags` are what this machine needs to build."""

    command: str
    build_flags: tuple[str, ...]

    @classmethod
    def found(cls) -> "Engine":
        """CONTAINER_ENGINE, or the first of podman and docker on PATH."""
        name = os.environ.get("CONTAINER_ENGINE") or shutil.which("podman") or "docker"
        return cls(name, tuple(shlex.split(os.environ.get("CONTAINER_BUILD_FLAGS", ""))))

    async def run(self, *words: str) -> str:
        """What a command says, its errors included. Raises `EngineError`."""
        process = await asyncio.create_subprocess_exec(
            self.command,
            *words,
            env=os.environ | _FORMAT,
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise EngineError(f"{' '.join(words)}: {said.decode()}")
        return said.decode().strip()

    async def build(self, file: str, tag: str) -> None:
        """Build the image of `file` from the working directory. Raises `EngineError`."""
        await self.run("build", *self.build_flags, "--file", file, "--tag", tag, ".")

    @asynccontextmanager
    async def container(self, image: str, *flags: str) -> AsyncGenerator[Container]:
        """Start a container and remove it at the end."""
        name = f"emp-test-{uuid4().hex[:12]}"
        try:
            await self.run("run", "--detach", "--name", name, *flags, image)
            yield Container(self, name)
        finally:
            await self.run("rm", "--force", name)

    @asynccontextmanager
    async def volume(self) -> AsyncGenerator[str]:
        """A volume's name; it is removed at the end."""
        name = f"emp-test-{uuid4().hex[:12]}"
        await self.run("volume", "create", name)
        try:
            yield name
        finally:
            await self.run("volume", "rm", "--force", name)
