"""Denoising of images: by an autoencoder of patches, by k-NN, and by classical methods.

Images are ``uint8`` from 0 to 255, or numbers from 0 to 1.
"""

from jamjae.models.denoising.classical import CLASSICAL, denoise_classically
from jamjae.models.denoising.neighbors import NeighborDenoiser
from jamjae.models.denoising.patches import PatchDenoiser

__all__ = ["CLASSICAL", "NeighborDenoiser", "PatchDenoiser", "denoise_classically"]
