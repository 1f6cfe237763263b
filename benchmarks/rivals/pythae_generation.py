"""pythae's models that generate, each with several of its samplers, in a given time.

Encoder and decoder have layers of 512, 256 and 128 units, as jamjae's default has, and the same
number of components. Pixels are in [0, 1], where binary cross-entropy makes better images than the
squared error that is pythae's default. The rate follows a cosine to zero, over as many epochs as
there is room for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import RAE_L2, VAE, VAMP, RAE_L2_Config, VAEConfig, VAMPConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.samplers import (
    GaussianMixtureSampler,
    GaussianMixtureSamplerConfig,
    MAFSampler,
    NormalSampler,
    VAMPSampler,
)
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

WIDTHS, BATCH, RATE = (512, 256, 128), 128, 1e-3
FOR_NETWORK = 0.75  # of the time; the rest is the sampler's
MIXTURES = (10, 50)
FLOW_BATCH, ONCE = 512, 1


class Encoder(BaseEncoder):
    """Embedding, and the log of its variance, which the regularized autoencoder ignores."""

    def __init__(self, pixels: int, components: int) -> None:
        super().__init__()
        self.latent_dim = components
        self.body = nn.Sequential(nn.Flatten(), *_dense((pixels, *WIDTHS)))
        last = WIDTHS[-1]
        self.mean, self.spread = nn.Linear(last, components), nn.Linear(last, components)

    def forward(self, x):
        body = self.body(x)
        return ModelOutput(embedding=self.mean(body), log_covariance=self.spread(body))


class Decoder(BaseDecoder):
    def __init__(self, components: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        last = nn.Linear(WIDTHS[0], int(np.prod(shape)))
        self.body = nn.Sequential(*_dense((components, *WIDTHS[::-1])), last)
        self.shape = shape

    def forward(self, z):
        made = torch.sigmoid(self.body(z)).reshape(len(z), *self.shape)
        return ModelOutput(reconstruction=made)


def generate(
    model: str, X: np.ndarray, components: int, seconds: float, count: int, seed: int
) -> Iterator[tuple[str, np.ndarray, float, float]]:
    """Train, and give for each sampler its images, and the seconds to fit and to draw."""
    torch.manual_seed(seed)
    began, rows = time.perf_counter(), torch.from_numpy(X[:, None].astype(np.float32) / 255)
    network = _train(model, rows, components, FOR_NETWORK * seconds, seed)
    network.eval()
    trained = time.perf_counter() - began
    for name, sampler, settings in _samplers(model, network):
        began = time.perf_counter()
        if name.startswith("mixture"):
            sampler.fit(rows)
        elif name == "flow":
            _fit_flow(sampler, rows, (1 - FOR_NETWORK) * seconds, seed)
        fitted = time.perf_counter() - began
        began = time.perf_counter()
        with torch.no_grad():
            images = sampler.sample(num_samples=count, batch_size=500, **settings)
        took = time.perf_counter() - began
        yield name, 255 * images.cpu().numpy()[:, 0], trained + fitted, took


def _dense(sizes: tuple[int, ...]) -> list[nn.Module]:
    pairs = [(nn.Linear(size, units), nn.ReLU()) for size, units in pairwise(sizes)]
    return [layer for pair in pairs for layer in pair]


def _made(model: str, shape: tuple[int, ...], components: int):
    settings = {"input_dim": shape, "latent_dim": components}
    parts = Encoder(int(np.prod(shape)), components), Decoder(components, shape)
    if model == "VAE":
        return VAE(VAEConfig(**settings, reconstruction_loss="bce"), *parts)
    if model == "VAMP":
        config = VAMPConfig(**settings, reconstruction_loss="bce", number_components=500)
        return VAMP(config, *parts)
    return RAE_L2(RAE_L2_Config(**settings, embedding_weight=1e-2, reg_weight=1e-6), *parts)


def _train(model: str, rows: torch.Tensor, components: int, seconds: float, seed: int):
    """Train for one epoch to learn its pace, and then anew for as many as there is room for."""
    data = BaseDataset(rows, torch.zeros(len(rows)))
    began = time.perf_counter()
    _fit(_made(model, tuple(rows.shape[1:]), components), data, BATCH, ONCE, seed)
    pace = time.perf_counter() - began
    room = max(ONCE, int((seconds - pace) / pace))
    torch.manual_seed(seed)
    return _fit(_made(model, tuple(rows.shape[1:]), components), data, BATCH, room, seed)


def _config(folder: str, batch: int, epochs: int, seed: int) -> BaseTrainerConfig:
    return BaseTrainerConfig(
        output_dir=folder,
        num_epochs=epochs,
        per_device_train_batch_size=batch,
        optimizer_cls="Adam",
        learning_rate=RATE,
        scheduler_cls="CosineAnnealingLR",
        scheduler_params={"T_max": epochs},
        seed=seed,
        no_cuda=True,
        keep_best_on_train=True,
    )


def _fit(network, data: BaseDataset, batch: int, epochs: int, seed: int):
    with tempfile.TemporaryDirectory() as folder:
        config = _config(folder, batch, epochs, seed)
        trainer = BaseTrainer(network, data, training_config=config)
        trainer.train()
    return network


def _samplers(model: str, network) -> Iterator[tuple[str, object, dict]]:
    if model == "VAE":
        yield "normal", NormalSampler(network), {}
    if model == "VAMP":
        yield "its prior", VAMPSampler(network), {}
    for count in MIXTURES:
        config = GaussianMixtureSamplerConfig(n_components=count)
        yield f"mixture of {count}", GaussianMixtureSampler(network, config), {}
    yield "flow", MAFSampler(network), {}


def _fit_flow(sampler: MAFSampler, rows: torch.Tensor, seconds: float, seed: int) -> None:
    """Fit the masked autoregressive flow in the same way: its pace first."""
    began = time.perf_counter()
    epochs = ONCE
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            config = _config(folder, FLOW_BATCH, epochs, seed)
            sampler.fit(rows, training_config=config)
        took = time.perf_counter() - began
        epochs = int((seconds - took) / took)
        if epochs < 1:
            return
