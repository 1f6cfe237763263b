"""Feature extraction: an encoder with given features beside one that learns its own."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, make_roll, plotting
from jamjae.data.dataset import Dataset
from jamjae.evaluation import metrics
from jamjae.labs.notebook import Notebook


def run(lab: Notebook) -> None:
    """Train an encoder to predict the sheet's own coordinates, and one without them."""
    lab.section("The data")
    lab.say(
        "A point of the roll has three coordinates, but on the sheet it has only two: its "
        "position along the sheet and its height. These two are the given features."
    )
    train, unseen = (
        make_roll(lab.few(1_500, 500), random_state=seed) for seed in (lab.seed, lab.seed + 1)
    )
    given, truth = sheet(train), sheet(unseen)
    lab.figure(
        "given",
        plotting.code_scatter(given, colors=train.colors),
        "The given features: position along the sheet, and height.",
    )

    lab.section("An encoder with given features")
    lab.say(
        "The encoder learns to predict these features, while the decoder learns to reconstruct "
        "the point from them. For new points the features are not given."
    )
    guided = lab.fit("given features", Autoencoder(2, guide=given, **lab.default), train.X)
    lab.network(guided)

    lab.section("An encoder that learns its own features")
    lab.say("Without given features, the same network only has to reconstruct the points.")
    free = lab.fit("learned features", Autoencoder(2, **lab.default), train.X)

    lab.section("Comparison")
    models = {"given features": guided, "learned features": free}
    drawn = plotting.embedding_grid(
        {lab.label(name): model.transform(unseen.X) for name, model in models.items()},
        colors={lab.label(name): np.asarray(unseen.colors) for name in models},
    )
    lab.figure("codes", drawn, "Codes of new points, on which neither was trained.")
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
    """Give each point's coordinates on the sheet: its position, from its color, and height."""
    return np.column_stack([np.asarray(roll.colors)[:, 0], roll.X[:, 1]])


def explained(codes: np.ndarray, truth: np.ndarray) -> float:
    """Give the share of the features' variance that a linear model of the codes explains."""
    inputs = np.column_stack([codes, np.ones(len(codes))])
    scaled = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    left = scaled - inputs @ np.linalg.lstsq(inputs, scaled, rcond=None)[0]
    return float(1.0 - np.square(left).mean())
