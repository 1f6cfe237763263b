"""How heavy and how quick the page of a model is, on Fashion-MNIST, in headless Chromium.

    .venv/bin/python -m benchmarks.exploring

Needs Chromium, the extra ``dev``, and Fashion-MNIST; takes minutes, as both networks are fitted.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from jamjae import Autoencoder, explore, fetch_fashion_mnist

DECODE = """(Z) => Z.map((z) => {
  const before = performance.now();
  jamjae.decode(z);
  return performance.now() - before;
}).sort((a, b) => a - b)[Z.length >> 1]"""


def main() -> None:
    X, y = (data := fetch_fashion_mnist()).X, data.y
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for network, rows in (("dense", 5000), ("conv", 5000), ("dense", 60_000)):
            model = Autoencoder(64, network=network, random_state=0, epochs=1).fit(X)
            began = time.perf_counter()
            made = explore(model, X, y, class_names=data.class_names, rows=rows, method="pca")
            took = time.perf_counter() - began
            path = made.save(Path(folder) / "page.html")
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]", state="attached")
            opened = time.perf_counter() - began
            milliseconds = page.evaluate(DECODE, model.transform(X[:200]).tolist())
            page.close()
            print(
                f"{network}, {rows:,} rows: {path.stat().st_size / 1e6:.2f} MB, made in "
                f"{took:.1f} s, opens in {opened:.2f} s, decodes in {milliseconds:.2f} ms (median)"
            )
        browser.close()


if __name__ == "__main__":
    main()
