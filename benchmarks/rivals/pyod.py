"""PyOD's autoencoder, which detects outliers: Adam, as it has no RMSprop, a linear last layer,
and no dropout or batch normalisation, as the recipe has none."""

from __future__ import annotations

from pyod.models.auto_encoder import AutoEncoder

from benchmarks.recipes import RATE

PACKAGES = ("pyod", "torch")
DROPS_LAST = True  # of an epoch's batches, where it is not full


class Told(AutoEncoder):
    def training_forward(self, batch_data):
        loss = super().training_forward(batch_data)
        self.seen.append(loss[0] if isinstance(loss, tuple) else loss)
        return loss

    def epoch_update(self):
        self.on_epoch(sum(self.seen) / len(self.seen))
        self.seen.clear()


def fit(recipe, X, *, batch, epochs, seed, on_epoch):
    widths = [layer.units for layer in recipe.encoder]
    model = Told(
        hidden_neuron_list=widths,
        hidden_activation_name="elu",
        batch_norm=False,
        dropout_rate=0.0,
        preprocessing=False,
        lr=RATE,
        epoch_num=epochs,
        batch_size=batch,
        optimizer_name="adam",
        optimizer_params={},
        random_state=seed,
        verbose=0,
    )
    model.on_epoch, model.seen = on_epoch, []
    return model.fit(X)
