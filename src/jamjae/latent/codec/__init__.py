"""Codes to bytes: integer tables, an entropy coder, and the file format of compressed rows."""

from jamjae.latent.codec.entropy import Contexts, decode, encode
from jamjae.latent.codec.tables import Tables

__all__ = ["Contexts", "Tables", "decode", "encode"]
