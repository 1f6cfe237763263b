"""LAB 12-4: new images from the mean code of a class."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, plotting
from jamjae.data.dataset import Dataset
from jamjae.labs import lab_12_3_cnn
from jamjae.labs.notebook import Notebook
from jamjae.latent.variations import class_means, variations

COMPONENTS, EPOCHS, RECORDED = 100, 15, 389.0  # the loss of pixels from 0 to 255
CLASS, SPREAD, MADE = 3, 0.3, 50  # a dress; standard deviation around its mean code; new images


def run(lab: Notebook) -> None:
    """Decode the mean dress and fifty variations of it, then those of every class."""
    lab.section("The data")
    train, test = lab.rows()
    lab.classes(train)  # refused before training if there are none
    k = lab.components(COMPONENTS, train.X.shape[1:])
    images = train.X.ndim > 2

    if images:  # the chapter's convolutions do not take rows of a table
        lab.section("The chapter's network")
        conv = lab.fit_chapter(
            "the chapter's convolutional network", lab_12_3_cnn.chapter, k, EPOCHS, train.X
        )
        lab.network(conv)
        lab.losses("loss", conv, "Training loss per epoch, for pixels from 0 to 255.")
        generate(lab, "chapter", conv, train)

    lab.section("jamjae's default")
    lab.say(
        "The same with jamjae's default network and the same number of components. What changed: "
        "it starts as PCA, and its codes can be negative. Multiplication varies each component "
        "around its mean, whatever its sign."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)
    generate(lab, "jamjae", ours, train)

    lab.section("Comparison with PCA")
    models = {"the chapter's convolutional network": conv} if images else {}
    lab.reconstructions(
        {**models, "jamjae": ours, f"PCA {k}": ours.baseline_},
        train.X,
        test.X,
        recorded={"the chapter's convolutional network": RECORDED},
    )


def generate(lab: Notebook, name: str, model: Autoencoder, train: Dataset) -> None:
    """Draw the mean code of one class and of all, decoded, and variations of them."""
    codes = model.transform(train.X)
    classes = lab.classes(train)
    means = class_means(codes, classes)
    titles = [train.class_names[c] if train.class_names else str(c) for c in means.classes]
    place = min(CLASS, len(titles) - 1)
    members = codes[classes == means.classes[place]]
    mean = means.codes[place]
    lab.say(
        "{n} rows of the class {title} are encoded. The mean of their codes represents the class.",
        n=f"{len(members):,}",
        title=titles[place],
    )
    lab.figure(
        f"{name}-codes",
        plotting.image_blocks([plotting.code_images(members[:50])], row_labels=[titles[place]]),
        "Fifty of the codes, drawn as images.",
    )
    representative = model.inverse_transform(mean[None])
    if train.X.ndim > 2:
        rows = [representative, plotting.code_images(mean[None])]
        labels = [titles[place], lab.label("mean code")]
        drawn = plotting.image_grid(rows, row_labels=labels)
        lab.figure(f"{name}-mean", drawn, "The mean code, and the image decoded from it.")
    made = variations(mean, MADE, spread=SPREAD, random_state=lab.seed)
    new = model.inverse_transform(made)
    if train.X.ndim > 2:
        rows = [new, plotting.code_images(made)]
        drawn = plotting.image_blocks(rows, row_labels=[titles[place], lab.label("code")])
        caption = (
            "Fifty new images: each component of the mean code times 1 + {spread}·N(0, 1), decoded."
        )
        lab.figure(f"{name}-variations", drawn, caption, spread=SPREAD)
    every_class(lab, name, model, train, titles, means.codes)


def every_class(
    lab: Notebook,
    name: str,
    model: Autoencoder,
    train: Dataset,
    titles: list[str],
    means: np.ndarray,
) -> None:
    """Draw each class's mean, decoded, and nine variations of it."""
    shown = 12  # classes, at most
    caption = "Each class: its mean code, decoded, then variations of it."
    if train.X.ndim == 2:
        drawn = plotting.bar_rows(
            [model.inverse_transform(means[:shown])],
            feature_names=train.feature_names or None,
            column_labels=titles[:shown],
        )
        lab.figure(f"{name}-classes", drawn, "Each class: its mean code, decoded.")
        return
    rows = [
        model.inverse_transform(
            np.concatenate([mean[None], variations(mean, 9, spread=SPREAD, random_state=lab.seed)])
        )
        for mean in means[:shown]
    ]
    drawn = plotting.image_grid(rows, row_labels=titles[:shown])
    lab.figure(f"{name}-classes", drawn, caption)
