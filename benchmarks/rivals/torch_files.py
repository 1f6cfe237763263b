"""PyTorch on a folder of images, as its users write it: a Dataset, a DataLoader, two workers."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.recipes import DECAY, RATE
from benchmarks.rivals import torch_models
from benchmarks.rivals.torch import Fitted

PACKAGES = ("torch",)


class Folder(Dataset):
    """Images of a folder and its subfolders, flat, from 0 to 1."""

    def __init__(self, folder: str) -> None:
        self.files = [str(path) for path in sorted(Path(folder).rglob("*.png"))]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place: int) -> torch.Tensor:
        with Image.open(self.files[place]) as image:
            pixels = np.array(image.convert("L"))
        return torch.from_numpy(pixels).flatten().float() / 255


def load_images(folder: str, batch: int, workers: int, epochs: int, recipe, seed: int) -> dict:
    """Rows a second of all epochs but the first: of loading alone, or of training for a recipe."""
    rows = Folder(folder)
    data = DataLoader(
        rows, batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    train = _trainer(recipe, seed) if recipe else len
    ends = []
    began = time.perf_counter()
    for _ in range(epochs):
        for x in data:
            train(x)
        ends.append(time.perf_counter() - began)
    rate = (epochs - 1) * len(rows) / (ends[-1] - ends[0])
    return {"rate": rate, "first": ends[0], "whole": ends[-1]}


def _trainer(recipe, seed: int):
    model = Fitted(recipe, seed)
    parameters = [*model.encoder.parameters(), *model.decoder.parameters()]
    rule = torch.optim.RMSprop(parameters, lr=RATE, alpha=DECAY, eps=torch_models.EPSILON)

    def train(x: torch.Tensor) -> None:
        loss = torch.nn.functional.mse_loss(model.restore(x), x)
        rule.zero_grad()
        loss.backward()
        rule.step()

    return train
