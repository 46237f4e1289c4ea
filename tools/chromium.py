"""The browser without a window in which pages are tested and pictures of them are drawn."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATH = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = f"none of {', '.join(NAMES)} on the path"


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Start it with arguments of its command line."""
    return playwright.chromium.launch(executable_path=PATH, args=["--no-sandbox", *arguments])
