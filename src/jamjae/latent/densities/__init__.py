"""Densities of codes: learn how codes are distributed, draw new ones, evaluate the log density."""

from jamjae.latent.densities.choosing import KINDS, choose, rebuilt
from jamjae.latent.densities.density import Density, Drawn
from jamjae.latent.densities.flow import Flow
from jamjae.latent.densities.gaussian import Gaussian
from jamjae.latent.densities.kernel import Kernel
from jamjae.latent.densities.mixture import Mixture
from jamjae.latent.densities.prior import Prior

__all__ = [
    "KINDS",
    "Density",
    "Drawn",
    "Flow",
    "Gaussian",
    "Kernel",
    "Mixture",
    "Prior",
    "choose",
    "rebuilt",
]
