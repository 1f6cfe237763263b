"""scikit-learn's MLPRegressor, which learns to give back its input: ReLU and Adam, as it has no
ELU and no RMSprop, and a linear last layer."""

from __future__ import annotations

from sklearn.neural_network import MLPRegressor

from benchmarks.recipes import RATE

PACKAGES = ("scikit-learn",)


def fit(recipe, X, *, batch, epochs, seed, on_epoch):
    widths = [layer.units for layer in (*recipe.encoder, *recipe.decoder)][:-1]
    model = MLPRegressor(
        hidden_layer_sizes=widths,
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=RATE,
        random_state=seed,
    )
    for _ in range(epochs):
        model.partial_fit(X, X)
        if on_epoch(2.0 * model.loss_):  # scikit-learn reports half of the mean squared error
            break
    return model
