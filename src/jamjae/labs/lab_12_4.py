"""LAB 12-4: new images from the mean code of a class, and from the density of all codes."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, plotting
from jamjae.data.dataset import Dataset
from jamjae.evaluation import generation_report
from jamjae.labs import lab_12_3_cnn
from jamjae.labs.notebook import Notebook
from jamjae.latent.variations import class_means, variations

COMPONENTS, EPOCHS, RECORDED = 100, 15, 389.0  # the loss of pixels from 0 to 255
CLASS, SPREAD, MADE = 3, 0.3, 50  # a dress; standard deviation around its mean code; new images
GENERATED, FEWEST = 1_000, 20  # rows of one class: generated, and held out at least
SCORES = {  # of a report card
    "frechet_distance": "Fréchet distance",
    "precision": "precision",
    "coverage": "coverage",
    "copied_share": "share of copies of training rows",
}


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

    models = {"the chapter's convolutional network": conv} if images else {}
    if lab.classes(train).dtype.kind in "iu":
        lab.section("New rows from a density")
        draw(lab, {**models, "jamjae": ours}, train, test)

    lab.section("Comparison with PCA")
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


def draw(lab: Notebook, models: dict[str, Autoencoder], train: Dataset, test: Dataset) -> None:
    """Draw rows of one class from a density of codes, and evaluate them beside the variations."""
    lab.say(
        "Around the mean, components vary independently of each other, so most variations look "
        "alike. A density follows how the codes of a class are really distributed: here it is a "
        "mixture of normal distributions per class, with as many components as held-out rows "
        "ask for."
    )
    ours = models["jamjae"]
    lab.step("fitting the density")
    ours.fit_density(train.X, train.labels, kind="mixture", random_state=lab.seed)
    known = ours.density_.classes_.tolist()
    titles = [train.class_names[c] if train.class_names else str(c) for c in known]
    place = min(CLASS, len(known) - 1)
    mean = ours.transform(train.X[train.y == known[place]]).mean(axis=0)
    varied = decoded(ours, variations(mean, MADE, spread=SPREAD, random_state=lab.seed), train.X)
    drawn = ours.sample(MADE, y=known[place], random_state=lab.seed)
    shown = known[:12]
    rows, y = ours.sample(10 * len(shown), y=shown * 10, random_state=lab.seed, return_y=True)
    if train.X.ndim == 2:
        figure = plotting.bar_rows(
            rows.reshape(10, len(shown), -1)[:3],
            feature_names=train.feature_names or None,
            column_labels=titles[: len(shown)],
        )
    else:
        labels = [lab.label("variations"), lab.label("samples")]
        lab.figure(
            "density-class",
            plotting.image_blocks(
                [varied, drawn],
                row_labels=labels,
                data_range=(float(train.X.min()), float(train.X.max())),
            ),
            "The class {title}: fifty variations of its mean code, fifty samples of the density.",
            title=titles[place],
        )
        figure = plotting.sample_sheet(rows, y, class_names=train.class_names or None)
    lab.figure("density-classes", figure, "Each class: samples of the density.")
    evaluate(lab, models, train, test, known[place], titles[place])


def evaluate(
    lab: Notebook,
    models: dict[str, Autoencoder],
    train: Dataset,
    test: Dataset,
    label: int,
    title: str,
) -> None:
    """Measure variations and samples of one class against its held-out rows."""
    real, held_out = train.X[train.y == label], test.X[test.y == label]
    if min(len(real), len(held_out)) < FEWEST:
        return
    n = lab.few(GENERATED, 100)
    made = {}
    for name, model in models.items():
        mean = model.transform(real).mean(axis=0)
        codes = variations(mean, n, spread=SPREAD, random_state=lab.seed)
        made[f"variations, {name}"] = decoded(model, codes, train.X)
    made["samples, jamjae"] = models["jamjae"].sample(n, y=label, random_state=lab.seed)
    lab.say(
        "{n} rows of each kind are compared with held-out rows of the class {title}. Coverage is "
        "the share of held-out rows with a made row among their neighbors: it is low where rows "
        "lack variety. Precision is the share of made rows that are among those neighbors. The "
        "last line is that of real training rows.",
        n=f"{n:,}",
        title=title,
    )
    found = {}
    for name, rows in made.items():
        lab.step(name)
        found[name] = generation_report(
            real, held_out, rows, features="pca", random_state=lab.seed
        ).scores
    numbers = {
        name: {title: scores[key].generated for key, title in SCORES.items()}
        for name, scores in found.items()
    }
    scores = found["samples, jamjae"]
    real_rows = {title: scores[key].real for key, title in SCORES.items()}
    lab.results({**numbers, "real training rows": real_rows})


def decoded(model: Autoencoder, codes: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Decode codes to values between the least and greatest of the data, as samples are."""
    axis = 0 if X.ndim == 2 else None
    return np.clip(model.inverse_transform(codes), X.min(axis=axis), X.max(axis=axis))


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
