"""Run ``jamjae`` as ``python -m jamjae``."""

from jamjae.cli import app_main

if __name__ == "__main__":
    app_main()
