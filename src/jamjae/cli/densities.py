"""What ``jamjae fit`` learns beside codes: their density, or a distribution for each row."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.options import require_one_of
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae import Autoencoder
    from jamjae.cli.output import Voice
    from jamjae.data.dataset import Dataset

KINDS = ("auto", "gaussian", "mixture", "kernel", "flow")
LIKELIHOODS = ("gaussian", "bernoulli", "poisson")
OF_AUTOENCODERS = {"--loss": "auto", "--noise": 0.0}  # which a variational one has not

Density = Annotated[
    str | None,
    typer.Option(
        help="Learn the distribution of the codes, by class where there are labels, for jamjae "
        "sample: auto, gaussian, mixture, kernel or flow.",
        autocompletion=completion.one_of(*KINDS),
    ),
]
IsVariational = Annotated[
    bool,
    typer.Option("--variational", help="Fit a variational autoencoder, for jamjae sample."),
]
Beta = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        help="With --variational: weight of the divergence of the codes from N(0, 1); by "
        "default 1.",
    ),
]
LikelihoodOfValues = Annotated[
    str | None,
    typer.Option(
        help="With --variational: distribution of a value given the code: gaussian (default), "
        "bernoulli (8-bit pixels and values from 0 to 1) or poisson (counts).",
        autocompletion=completion.one_of(*LIKELIHOODS),
    ),
]


def require_options(
    density: str | None,
    variational: bool,
    beta: float | None,
    likelihood: str | None,
    given: dict[str, Any],
) -> None:
    """Refuse options that exclude each other, and values that do not exist.

    Parameters
    ----------
    given : dict of option to value
        Options that only an autoencoder has.
    """
    if density is not None:
        require_one_of("--density", density, KINDS)
    if likelihood is not None:
        require_one_of("--likelihood", likelihood, LIKELIHOODS)
    if beta == 0:
        raise typer.BadParameter("--beta 0: expected a number above 0.")
    for option, value in (("--beta", beta), ("--likelihood", likelihood)):
        if value is not None and not variational:
            raise typer.BadParameter(f"{option} {value}: only with --variational.")
    for option, value in given.items():
        if variational and value != OF_AUTOENCODERS[option]:
            raise typer.BadParameter(
                f"{option} {value}: a variational autoencoder has no such option. Leave it out, "
                "or choose its --likelihood."
            )


# --- variational autoencoders ---------------------------------------------------------------


def variational_facts(model: Any) -> dict[str, Any]:
    """Give what a variational autoencoder has learned, as values; none of another model."""
    if not hasattr(model, "elbo_"):
        return {}
    return {
        "elbo": model.elbo_,
        "baseline_elbo": model.baseline_elbo_,
        "beta": float(model.beta),
        "likelihood": model.likelihood,
        "noise": model.noise_ if model.likelihood == "gaussian" else None,
        "active_components": int(model.active_components_.sum()),
    }


def variational_lines(model: Any) -> list[str]:
    """Format the bound beside that of probabilistic PCA, noise and components in use."""
    found = variational_facts(model)
    if not found:
        return []
    from jamjae.data.readers.cells import counted

    bounds = {"jamjae": found["elbo"], "probabilistic PCA": found["baseline_elbo"]}
    lines = [(name, f"{bound:,.2f}") for name, bound in bounds.items() if not math.isnan(bound)]
    total = counted(model.n_components_, "component")
    parts = [f"{found['active_components']} of {total} active"]
    parts.append(f"{found['likelihood']} likelihood")
    if found["noise"] is not None:
        how = " (learned)" if model.noise == "learned" else ""
        parts.append(f"noise {found['noise']:.4g} in the units of the data{how}")
    parts.append(f"beta {found['beta']:g}")
    return [text_table(("training rows", "ELBO, nats per row"), lines), "; ".join(parts)]


def keep_types(model: Any, found: Dataset) -> None:
    """Let samples of a prior be whole in columns that hold whole numbers only."""
    if hasattr(model, "sampling_"):
        span = model.sampling_.span.typed(typed_rows(found))
        model.sampling_ = model.sampling_._replace(span=span)


# --- densities ------------------------------------------------------------------------------


def fit_density(voice: Voice, model: Autoencoder, found: Dataset, kind: str) -> dict[str, Any]:
    """Fit a density to the codes of rows; give what it is, and the time."""
    voice.note("fitting the density of the codes")
    began = time.perf_counter()
    model.fit_density(typed_rows(found), _labels(voice, found), kind)
    seconds = time.perf_counter() - began
    return density_facts(model) | {"chosen": kind == "auto", "seconds": seconds}


def density_facts(model: Any) -> dict[str, Any]:
    """Give what a model's density is, as values; none for a model without one."""
    density = getattr(model, "density_", None)
    if density is None:
        return {}
    return {
        "kind": density.kind,
        "rows": density.n_rows_,
        "components": density.n_components_,
        "classes": len(density.classes_),
        "notes": list(density.notes_),
    }


def density_line(facts: dict[str, Any]) -> str:
    """Format what `fit_density` or `density_facts` gave, in one line."""
    if facts["kind"] == "prior":
        return "prior N(0, 1)"
    from jamjae.data.readers.cells import counted

    size = f"{counted(facts['rows'], 'row')} of {counted(facts['components'], 'component')}"
    parts = [f"{facts['kind']}, {'chosen for' if facts.get('chosen') else 'of'} {size}"]
    parts += [f"{counted(facts['classes'], 'class')}"] if facts["classes"] else []
    parts += facts["notes"]
    parts += [f"{facts['seconds']:.1f} s"] if "seconds" in facts else []
    return "; ".join(parts)


def typed_rows(found: Dataset) -> Any:
    """Give rows in which columns that hold whole numbers only are integers.

    A table of numbers is read as one array of floats, and samples are whole where columns are.
    """
    import numpy as np

    rows = found.named_rows()
    if not hasattr(rows, "iloc") or hasattr(found.X, "iloc"):
        return rows
    whole = [
        name
        for name in rows.columns
        if rows[name].dtype.kind == "f"
        and np.isfinite(rows[name]).all()
        and (rows[name] == np.rint(rows[name])).all()
        and rows[name].abs().max() < 2**53
    ]
    return rows.astype(dict.fromkeys(whole, "int64"))


def _labels(voice: Voice, found: Dataset) -> Any:
    """Give the labels of rows if they are classes."""
    labels = found.labels
    if labels is None or found.class_names or (found.y is not None and found.y.dtype.kind != "f"):
        return labels
    voice.note("  the label is a quantity, so the density has no classes")
    return None
