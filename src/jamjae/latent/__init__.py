"""What is done with codes: means, variations and projections."""

from jamjae.latent.projections import latent_map
from jamjae.latent.variations import class_means, code_grid, interpolate, variations

__all__ = ["class_means", "code_grid", "interpolate", "latent_map", "variations"]
