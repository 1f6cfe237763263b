"""Who learns Fashion-MNIST's images, from which numbers, and the losses on record."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.measuring import TITLES, fresh


class Entrant(NamedTuple):
    """A library, and what it trains.

    Attributes
    ----------
    library : str
    recipe : str or None
        A network of the chapter; None stands for jamjae's own default.
    white : int
        The largest pixel: 255, as the chapter trains, or 1. The default takes 8-bit numbers.
    """

    library: str
    recipe: str | None = None
    white: int = 255

    @property
    def title(self) -> str:
        what = self.recipe or "default"
        return f"{TITLES[self.library]}, {what}{', pixels to 1' * (self.white == 1)}"

    def ask(self, versions: dict[str, dict], task: str, **settings) -> dict:
        """Ask a new process, and tell as well when it was started."""
        with fresh(self.library, versions) as worker:
            answer = worker.ask(task, recipe=self.recipe, white=self.white, **settings)
            return {"started": worker.started, **answer}

    def learn(self, versions: dict[str, dict], seed: int, **settings) -> dict:
        """Fit in a new process; see `benchmarks.worker.learn`."""
        return self.ask(versions, "learn", seed=seed, **settings)


class Goal(NamedTuple):
    """A network of the chapter, and its loss after the chapter's 15 epochs.

    Attributes
    ----------
    recipe : str
    loss : float
        Of pixels in [0, 1]: the number on record, divided by 255².
    white : int
        The chapter's pixels reach to 255. Its dense network learns faster from pixels that reach to
        1, its convolutional one slower, so the one gets these and the other those.
    """

    recipe: str
    loss: float
    white: int

    @property
    def rivals(self) -> list[Entrant]:
        return [Entrant(library, self.recipe, self.white) for library in ("tensorflow", "torch")]


DEFAULT = Entrant("jamjae")
GOALS = (Goal("LAB 12-3, MLP", 0.01398, 1), Goal("LAB 12-3, CNN", 0.00738, 255))
