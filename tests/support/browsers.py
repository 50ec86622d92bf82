"""Pages in a real browser, wide and as on a phone."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from attrs import define, field
from playwright.async_api import Page, async_playwright, expect

WIDE, PHONE = (1280, 900), (390, 844)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
PATIENCE_MS = 30_000
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def _chromium() -> str:
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, _NAMES)), None)
    return found or pytest.fail("no Chromium here: `./run test` installs it, or set CHROMIUM")


@define(slots=False)  # playwright keeps what it needs on the owner of a handler
class Watched:
    """A page, and whatever went wrong on it."""

    page: Page
    wrong: list[str] = field(factory=list)

    @classmethod
    def over(cls, page: Page) -> "Watched":
        """Errors, lines of the console, and requests to other machines are wrong."""
        watched = cls(page)
        page.on("pageerror", lambda error: watched.wrong.append(str(error)))
        page.on("console", lambda said: watched.wrong.append(said.text))
        page.on("request", watched._asked)
        return watched

    def _asked(self, request: object) -> None:
        url: str = getattr(request, "url")  # noqa: B009 - playwright's event has no better type
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.wrong.append(f"asked for {url}")

    async def is_within(self, width: int) -> bool:
        """Whether nothing stands out at the side."""
        return await self.page.evaluate("document.documentElement.scrollWidth") <= width


@asynccontextmanager
async def browsed(size: tuple[int, int], name: str) -> AsyncGenerator[Watched]:
    """A page of this size; at the end nothing has gone wrong. SCREENSHOTS names a folder for it."""
    width, height = size
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        try:
            page = await browser.new_page(viewport={"width": width, "height": height})
            watched = Watched.over(page)
            yield watched
            assert watched.wrong == []
            assert await watched.is_within(width)
            if pictures := os.environ.get("SCREENSHOTS"):
                await page.screenshot(path=f"{pictures}/{name}-{width}.png", full_page=True)
        finally:
            await browser.close()
