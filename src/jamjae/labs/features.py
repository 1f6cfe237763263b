"""Feature extraction with given features as the answer, beside one that finds its own."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, make_roll, plotting
from jamjae.data.reading import Dataset
from jamjae.evaluation import metrics
from jamjae.labs.notebook import Notebook


def run(lab: Notebook) -> None:
    """Train an encoder to give the sheet's own coordinates, and one that is told nothing."""
    lab.section("The data")
    lab.say(
        "A point of the roll has three numbers, but the sheet it lies on has two: how far along "
        "the sheet it is, and at which height. These two are the features given as the answer."
    )
    train, unseen = (
        make_roll(lab.few(1_500, 500), random_state=seed) for seed in (lab.seed, lab.seed + 1)
    )
    answer, truth = sheet(train), sheet(unseen)
    lab.picture(
        "answer",
        plotting.code_scatter(answer, colors=train.colors),
        "The features given: place along the sheet, and height.",
    )

    lab.section("Told what to find")
    lab.say(
        "The encoder learns to give these features, while the decoder learns to restore the point "
        "from them. For points it never saw it has to find the features by itself."
    )
    told = lab.fit("told", Autoencoder(2, guide=answer, **lab.default), train.X)
    lab.network(told)

    lab.section("Left to find its own")
    lab.say("The same network without the answer only has to restore the points.")
    free = lab.fit("free", Autoencoder(2, **lab.default), train.X)

    lab.section("Beside each other")
    models = {"told what to find": told, "left to find its own": free}
    drawn = plotting.embedding_grid(
        {lab.label(name): model.transform(unseen.X) for name, model in models.items()},
        colors={lab.label(name): np.asarray(unseen.colors) for name in models},
    )
    lab.picture("codes", drawn, "Codes of points that neither has seen.")
    lab.results(
        {
            name: {
                "features explained": explained(model.transform(unseen.X), truth),
                "MSE, new points": lab.error(model, unseen.X),
                "trustworthiness, new points": metrics.trustworthiness(
                    unseen.X, model.transform(unseen.X), n_neighbors=12
                ),
            }
            for name, model in models.items()
        },
        better={
            "features explained": max,
            "MSE, new points": min,
            "trustworthiness, new points": max,
        },
    )


def sheet(roll: Dataset) -> np.ndarray:
    """Give each point's own coordinates: its place along the sheet, which its colour tells."""
    return np.column_stack([np.asarray(roll.colors)[:, 0], roll.X[:, 1]])


def explained(codes: np.ndarray, truth: np.ndarray) -> float:
    """Give the share of the true features' variance that a straight line from codes explains."""
    inputs = np.column_stack([codes, np.ones(len(codes))])
    scaled = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    left = scaled - inputs @ np.linalg.lstsq(inputs, scaled, rcond=None)[0]
    return float(1.0 - np.square(left).mean())
