"""What all tests share: the backend, a drawing surface without a screen, and the data."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("MPLBACKEND", "Agg")

# What one process compiled, the other workers and the commands that tests start load from here.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    compiled = tempfile.mkdtemp(prefix="jamjae-compiled-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = compiled
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import numpy as np
import pytest

import jamjae
import jamjae.data.catalog
from data_files import save_image
from jamjae.errors import DataNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from jamjae.data.catalog import Dataset

ROOT = Path(__file__).parents[1]
WAIT = 120_000  # milliseconds for a page, on a machine that does other work
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of most slow tests, then of most tests: no long one is left for last."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (-slow[item.path], -tests[item.path], item.path))


@pytest.fixture
def benchmarks_path(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's root, from which benchmarks can be imported."""
    if not (ROOT / "benchmarks").exists():
        pytest.skip("a source distribution has no benchmarks")
    monkeypatch.syspath_prepend(str(ROOT))
    return ROOT


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The 1,797 handwritten digits that come with scikit-learn."""
    return jamjae.load_digits()


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Four numbers a row, each of another spread."""
    return np.random.RandomState(0).normal(size=(50, 4)) * [4, 3, 2, 1]


@pytest.fixture(scope="module")
def fitted(rows: np.ndarray) -> jamjae.Autoencoder:
    """A small model of those rows."""
    return jamjae.Autoencoder(2, network=(8,), epochs=100, random_state=0).fit(rows)


@pytest.fixture
def saved(fitted: jamjae.Autoencoder, tmp_path: Path) -> Path:
    """A file of that model."""
    return fitted.save(tmp_path / "model.jamjae")


@pytest.fixture(scope="session")
def fashion_mnist() -> Dataset:
    """The 60,000 training images of Fashion-MNIST; never downloaded by a test."""
    return _at_hand("fashion-mnist", "train-images-idx3-ubyte*")


@pytest.fixture(scope="session")
def photos() -> Dataset:
    """The course's forty photographs; never downloaded by a test."""
    return _at_hand("photos", "img40.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive it")
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=list(quiet))
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Open a page of a model; every error of its script and every request fails the test."""
    faults, requests, contexts = [], [], []

    def open_(made, **settings):
        context = browser.new_context(**settings)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(made.save(tmp_path / "page.html").as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not faults
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    assert sum(url.startswith("file:") for url in requests) == len(contexts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of images in subfolders."""
    save_image(tmp_path / "dog" / "a.png", np.full((4, 6), 10))
    save_image(tmp_path / "cat" / "b.png", np.full((4, 6), 20))
    save_image(tmp_path / "cat" / "deep" / "c.PNG", np.full((4, 6), 30))
    return tmp_path


def _at_hand(name: str, file: str) -> Dataset:
    folder = os.environ.get("JAMJAE_DATA")
    if folder is None:
        pytest.skip(f"{name} was not looked for: JAMJAE_DATA is not set")
    if not any(Path(folder).rglob(file)):
        pytest.skip(f"{name} is not in JAMJAE_DATA ({folder})")
    try:
        return jamjae.data.catalog.load(name, "train")
    except DataNotFoundError as error:
        pytest.skip(f"{name} is not in JAMJAE_DATA ({folder}): {error}")
