"""PyTorch: the loop that its users write, on tensors in memory, without a DataLoader's cost."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.recipes import DECAY, RATE
from benchmarks.rivals import torch_models

PACKAGES = ("torch",)


class Fitted:
    def __init__(self, recipe, seed: int) -> None:
        self.encoder, self.decoder = torch_models.pair(recipe, seed)

    def restore(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x)).reshape(x.shape)


def fit(recipe, X, *, batch, epochs, seed, on_epoch, rate: float = RATE):
    model = Fitted(recipe, seed)
    parameters = [*model.encoder.parameters(), *model.decoder.parameters()]
    rule = torch.optim.RMSprop(parameters, lr=rate, alpha=DECAY, eps=torch_models.EPSILON)
    mapped = isinstance(X, np.memmap)
    rows = None if mapped else tensor(X)
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(X)).split(batch):
            x = tensor(X[np.sort(chosen.numpy())]) if mapped else rows[chosen]
            loss = torch.nn.functional.mse_loss(model.restore(x), x)
            rule.zero_grad()
            loss.backward()
            rule.step()
            total += loss.item() * len(x)
        if on_epoch(total / len(X)):
            break
    return model


def tensor(X: np.ndarray) -> torch.Tensor:
    if X.ndim < 4:
        return torch.from_numpy(np.ascontiguousarray(X))
    return torch.from_numpy(X).permute(0, 3, 1, 2)  # channels last in memory, as it is


@torch.no_grad()
def encode(model, X: np.ndarray) -> np.ndarray:
    return np.concatenate([model.encoder(x).numpy() for x in tensor(X).split(256)])


@torch.no_grad()
def decode(model, Z: np.ndarray) -> np.ndarray:
    return np.concatenate([model.decoder(z).numpy() for z in torch.from_numpy(Z).split(256)])
