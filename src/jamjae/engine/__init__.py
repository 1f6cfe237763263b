"""Networks, objectives, and the one compiled loop that trains them."""

from jamjae.engine.backend import require_jax

require_jax()
