"""A headless Chromium that opens one page at a time and tells what the page did.

The browser is the system's (`chromium` of Debian), driven by Playwright, which downloads none.
"""
from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Iterator, List, Literal, Optional, Type

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, sync_playwright

Scheme = Literal["light", "dark"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Visit:
    """A page that is open, and all that was heard of it since."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: List[str] = []
        self.refused: List[str] = []
        self.complaints: List[str] = []
        self.dialogs: List[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.refused.append(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dismiss)
        begin = time.monotonic()
        page.goto(address, wait_until="load")
        # Layout and the first picture, not only the text.
        page.evaluate("document.scrollingElement.getBoundingClientRect().height")
        self.seconds = time.monotonic() - begin

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def ask(self, script: str, *arguments: Any) -> Any:
        """What a function of JavaScript returns; it runs beside the page, and past its policy."""
        return self.page.evaluate(script, *arguments)

    def open_details(self) -> None:
        self.ask("() => document.querySelectorAll('details').forEach(d => d.open = true)")

    def violations(self) -> List[Dict[str, Any]]:
        """What axe-core finds, with its impact and where."""
        found: List[Dict[str, Any]] = Axe().run(self.page).response["violations"]
        return found

    def print(self, path: Path) -> None:
        self.page.pdf(path=path, format="A4", print_background=True)


class Browser:
    """Chromium for as long as a `with` lasts."""

    def __init__(self, *options: str) -> None:
        self._options = options

    def __enter__(self) -> Browser:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=executable(), args=list(self._options))
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._chromium.close()
        self._playwright.stop()

    @contextmanager
    def visit(
        self, place: Path | str, width: int = 1280, height: int = 900, zoom: float = 1,
        scheme: Scheme = "light", scripts: bool = True, policy: bool = True
    ) -> Iterator[Visit]:
        """A file, or an address, in a window of its own.

        - zoom: of the whole page, by which a window of that width has fewer pixels of CSS.
        - scripts: whether the page may run any.
        - policy: whether the page's own policy holds, which nothing that is brought in satisfies.
        """
        context = self._chromium.new_context(
            viewport={"width": round(width / zoom), "height": round(height / zoom)},
            device_scale_factor=zoom, color_scheme=scheme, java_script_enabled=scripts,
            bypass_csp=not policy)
        try:
            address = place.as_uri() if isinstance(place, Path) else place
            yield Visit(context.new_page(), address)
        finally:
            context.close()


def executable() -> str:
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise FileNotFoundError(f"no browser: none of {', '.join(NAMES)} is installed")
