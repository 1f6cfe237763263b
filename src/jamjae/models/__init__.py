"""The estimators: thin, in scikit-learn's words."""

from jamjae.engine.backend import require_jax

require_jax()
