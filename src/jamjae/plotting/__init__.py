"""Figures of results: arrays in, Matplotlib figures and axes out.

No function opens a window or changes a global setting: figures are made without pyplot, the style
is local to each call, and :func:`save` writes figures to files. In a notebook a figure is displayed
if it is the last line of a cell. Every function accepts NumPy arrays or array-likes.
"""

from jamjae.plotting.bars import bar_rows
from jamjae.plotting.biplots import biplot
from jamjae.plotting.clouds import cloud_grid
from jamjae.plotting.comparisons import Panel, dot_panels, embedding_grid
from jamjae.plotting.curves import loss_curve
from jamjae.plotting.densities import density_map
from jamjae.plotting.grids import code_images, image_blocks, image_grid
from jamjae.plotting.histograms import score_histogram
from jamjae.plotting.loadings import loading_images, loading_map
from jamjae.plotting.rates import rate_curves
from jamjae.plotting.scatter import code_scatter, thumbnail_scatter
from jamjae.plotting.sheets import latent_traversals, sample_sheet
from jamjae.plotting.style import save

__all__ = [
    "Panel",
    "bar_rows",
    "biplot",
    "cloud_grid",
    "code_images",
    "code_scatter",
    "density_map",
    "dot_panels",
    "embedding_grid",
    "image_blocks",
    "image_grid",
    "latent_traversals",
    "loading_images",
    "loading_map",
    "loss_curve",
    "rate_curves",
    "sample_sheet",
    "save",
    "score_histogram",
    "thumbnail_scatter",
]
