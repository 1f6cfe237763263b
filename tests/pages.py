"""Pages that tests open in a browser."""

from __future__ import annotations

from importlib import resources

PAGE = resources.files("jamjae.explorer") / "page"
SEEN = "() => document.querySelector('#decoded canvas').toDataURL()"


def middle(page):
    box = page.locator("#field").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def settle(page):
    """Wait until what was asked for is drawn."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
