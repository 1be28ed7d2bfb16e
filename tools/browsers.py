"""Find a browser that the tests can drive: Chromium, Chrome or Edge, wherever it lies.

Standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
MISSING = (
    "本机没有 Chromium、Chrome 或 Edge，浏览器测试已跳过；可用环境变量 GRIDGIS_BROWSER 指定浏览器程序。"
    " | No Chromium, Chrome or Edge here, so the browser tests are skipped;"
    " GRIDGIS_BROWSER may name the program."
)


def find(python: str = sys.executable) -> Path | None:
    """Return the first browser that exists.

    Parameters
    ----------
    python
        The interpreter whose Playwright is asked last for a browser of its own.
    """
    return next((path for path in _candidates(python) if path.is_file()), None)


def _candidates(python: str) -> Iterator[Path]:
    named = os.environ.get("GRIDGIS_BROWSER")
    if named:
        yield Path(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    if sys.platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            base = os.environ.get(variable)
            if base:
                yield from (Path(base) / tail for tail in WINDOWS)
    elif sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            yield from (folder / tail for tail in MACOS)
    own = _playwrights_own(python)
    if own:
        yield own


def _playwrights_own(python: str) -> Path | None:
    """Return where `playwright install chromium` puts its browser, if Playwright is installed."""
    # A process of its own: the driver starts an event loop that a test session must not inherit.
    question = (
        "from playwright.sync_api import sync_playwright as start\nwith start() as p: print(p.chromium.executable_path)"
    )
    asked = subprocess.run([python, "-c", question], capture_output=True, text=True, check=False)
    answer = asked.stdout.strip()
    return Path(answer) if asked.returncode == 0 and answer else None
