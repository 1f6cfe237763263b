"""A variational autoencoder: a plane of codes in which every point decodes to an image."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from jamjae import VariationalAutoencoder, plotting
from jamjae.data.dataset import Dataset
from jamjae.evaluation import generation_report
from jamjae.labs.notebook import Notebook

SIDE = 15  # images of a side of the grid
ENDS = 0.02, 0.98  # quantiles of the normal distribution between which its codes lie
STEPS = 5  # codes along a component, for a table
MADE, BESIDE = 2_000, 20_000  # rows that are generated, and training rows beside them


def run(lab: Notebook) -> None:
    """Fit two components, decode a grid of codes, and evaluate samples of the prior."""
    lab.section("The data")
    train, test = lab.rows()

    lab.section("A variational autoencoder")
    lab.say(
        "The encoder gives each row a normal distribution of codes instead of a single one. The "
        "loss is the negative evidence lower bound (ELBO) of the log likelihood: it asks for "
        "faithful reconstructions, and that the codes of all rows together follow N(0, 1). So any "
        "code drawn from N(0, 1) can be decoded to a new row."
    )
    vae = lab.fit("jamjae", VariationalAutoencoder(2, **lab.default), train.X)
    lab.network(vae)
    lab.losses(
        "loss", vae, "Training loss per epoch, in nats per value.",
        beside_pca=False,
    )  # fmt: skip

    lab.section("The grid of codes")
    grid(lab, vae, train)
    codes(lab, vae, test)

    lab.section("The bound, beside that of probabilistic PCA")
    bound(lab, vae, test)

    lab.section("New rows")
    draw(lab, vae, train, test)


def grid(lab: Notebook, vae: VariationalAutoencoder, train: Dataset) -> None:
    """Decode a grid of codes, spaced by quantiles of the prior."""
    if train.X.ndim == 2:  # rows of a table
        levels = norm.ppf(np.linspace(*ENDS, STEPS))
        drawn = plotting.bar_rows(
            [vae.inverse_transform(np.outer(levels, axis)) for axis in np.eye(2)],
            feature_names=train.feature_names or None,
            row_labels=["1", "2"],
            column_labels=[f"{level:.1f}" for level in levels],
        )
        lab.figure("grid", drawn, "Codes along each of the two components, decoded.")
        return
    lab.say(
        "Codes are spaced by quantiles of the normal distribution, so that each image stands for "
        "the same share of all rows. Neighboring codes decode to similar images, without gaps."
    )
    levels = norm.ppf(np.linspace(*ENDS, SIDE))
    first, second = np.meshgrid(levels, levels[::-1])
    images = vae.inverse_transform(np.stack([first.ravel(), second.ravel()], axis=1))
    names = [f"{level:.1f}" for level in levels]
    drawn = plotting.image_grid(
        list(images.reshape(SIDE, SIDE, *images.shape[1:])),
        row_labels=names[::-1],
        column_labels=names,
        data_range=(float(train.X.min()), float(train.X.max())),
    )
    lab.figure(
        "grid",
        drawn,
        "A grid of {side} × {side} codes, decoded. Components from {low} to {high}.",
        side=SIDE,
        low=names[0],
        high=names[-1],
    )


def codes(lab: Notebook, vae: VariationalAutoencoder, test: Dataset) -> None:
    """Draw the mean codes of test rows."""
    axes = plotting.code_scatter(
        vae.transform(test.X), test.labels, class_names=test.class_names or None
    )
    lab.figure("codes", axes, "Mean codes of the test rows. Colors show the classes.")


def bound(lab: Notebook, vae: VariationalAutoencoder, test: Dataset) -> None:
    """Compare bound and error with those of probabilistic PCA."""
    lab.say(
        "Probabilistic PCA is the same model with a linear decoder. Its bound is its exact log "
        "likelihood, and training starts from it."
    )
    lab.results(
        {
            "jamjae": {
                "ELBO, training rows": vae.elbo_,
                "ELBO, test rows": float(vae.elbo(test.X).mean()),
                "MSE, test rows": lab.error(vae, test.X),
            },
            "probabilistic PCA": {
                "ELBO, training rows": vae.baseline_elbo_,
                "MSE, test rows": lab.error(vae.baseline_, test.X),
            },
        },
        better={"ELBO, training rows": max, "MSE, test rows": min},
    )
    lab.say(
        "The bound is in nats per row; higher is better. {active} of 2 components vary with the "
        "rows. The noise of a value is {noise}, in the units of the data.",
        active=int(vae.active_components_.sum()),
        noise=f"{vae.noise_:.3g}",
    )


def draw(lab: Notebook, vae: VariationalAutoencoder, train: Dataset, test: Dataset) -> None:
    """Draw rows from the prior and from a mixture, and evaluate both beside real rows."""
    n = lab.few(MADE, 200)
    made = {"samples of the prior": vae.sample(n, random_state=lab.seed)}
    vae.fit_density(train.X, kind="mixture", random_state=lab.seed)
    made["samples of a mixture"] = vae.sample(n, random_state=lab.seed)
    if train.X.ndim > 2:
        rows = [images[:30] for images in made.values()]
        labels = [lab.label("prior"), lab.label("mixture")]
        lab.figure(
            "samples",
            plotting.image_blocks(rows, row_labels=labels),
            "New images: codes drawn from the prior N(0, 1), and from a mixture fitted to the "
            "codes of the training rows, decoded.",
        )
    lab.say(
        "{n} rows of each kind are compared with test rows. The better the codes fill N(0, 1), "
        "the nearer the prior comes to the mixture. Two components are few: whatever draws the "
        "codes, images are typical (precision) but lack variety (recall).",
        n=f"{n:,}",
    )
    names = {"frechet_distance": "Fréchet distance", "precision": "precision"}
    names |= {"recall": "recall", "coverage": "coverage"}
    found, real = {}, {}
    for name, rows in made.items():
        lab.step(name)
        card = generation_report(
            train.X[:BESIDE], test.X, rows, features="pca", random_state=lab.seed
        )
        found[name] = {title: card[key].generated for key, title in names.items()}
        real = {title: card[key].real for key, title in names.items()}
    lab.results({**found, "real training rows": real})
