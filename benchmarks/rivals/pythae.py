"""pythae: its autoencoder around the recipe's modules, trained by its own trainer."""

from __future__ import annotations

import logging
import math
import tempfile

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import AE, AEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

from benchmarks.recipes import DECAY, RATE
from benchmarks.rivals import torch_models
from benchmarks.rivals.pythae_generation import generate
from benchmarks.rivals.torch import tensor

__all__ = ["PACKAGES", "fit", "generate"]
PACKAGES = ("pythae", "torch")
logging.disable(logging.WARNING)


class Encoder(BaseEncoder):
    def __init__(self, module, dimensions: int) -> None:
        super().__init__()
        self.module, self.latent_dim = module, dimensions

    def forward(self, x):
        return ModelOutput(embedding=self.module(x))


class Decoder(BaseDecoder):
    def __init__(self, module) -> None:
        super().__init__()
        self.module = module

    def forward(self, z):
        return ModelOutput(reconstruction=self.module(z))


class Trainer(BaseTrainer):
    """Its loop says nothing at an epoch's end but the loss, which is taken here."""

    def train_step(self, epoch: int):
        loss = super().train_step(epoch)
        self.on_epoch(float(loss) / self.pixels)  # pythae sums over pixels
        return loss


def fit(recipe, X, *, batch, epochs, seed, on_epoch):
    encoder, decoder = torch_models.pair(recipe, seed)
    shape = torch_models.channels_first(recipe.shape)
    code = recipe.encoder[-1].units
    model = AE(AEConfig(input_dim=shape, latent_dim=code), Encoder(encoder, code), Decoder(decoder))
    rows = tensor(X)
    data = BaseDataset(rows, torch.zeros(len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=epochs,
            per_device_train_batch_size=batch,
            optimizer_cls="RMSprop",
            optimizer_params={"alpha": DECAY, "eps": torch_models.EPSILON},
            learning_rate=RATE,
            no_cuda=True,
            keep_best_on_train=True,
        )
        trainer = Trainer(model, data, training_config=config)
        trainer.on_epoch, trainer.pixels = on_epoch, math.prod(shape)
        trainer.train()
    return model
