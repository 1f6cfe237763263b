"""A recipe as two PyTorch modules; images are channels first in shape, channels last in memory."""

from __future__ import annotations

import os

import torch
from torch import nn

from benchmarks import recipes
from benchmarks.recipes import Conv, Dense, Flatten, Recipe, Reshape, Transposed

EPSILON = recipes.EPSILON**0.5  # Keras adds it under the root, PyTorch beside it
torch.set_num_threads(len(os.sched_getaffinity(0)))


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[2], *shape[:2]) if len(shape) == 3 else shape


def pair(recipe: Recipe, seed: int) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    shape = channels_first(recipe.shape)
    encoder = _sequence(recipe.encoder, shape)
    decoder = _sequence(recipe.decoder, _after(encoder, shape))
    return encoder, decoder


def _sequence(described, shape) -> nn.Module:
    made = nn.Sequential()
    for layer in described:
        before = _after(made, shape)
        made.extend(_layers(layer, before))
    for module in made:
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return made.to(memory_format=torch.channels_last)


def _after(made: nn.Module, shape) -> tuple[int, ...]:
    with torch.no_grad():
        return tuple(made(torch.zeros(1, *shape)).shape[1:])


def _layers(layer, before: tuple[int, ...]) -> list[nn.Module]:
    match layer:
        case Dense(units):
            return [nn.Linear(before[0], units), nn.ELU()]
        case Conv(filters, size, stride, same):
            padding = size // 2 if same else 0
            return [nn.Conv2d(before[0], filters, size, stride, padding), nn.ELU()]
        case Transposed(filters, size, stride, same):
            settings = {"padding": size // 2, "output_padding": 1} if same else {}
            made = nn.ConvTranspose2d(before[0], filters, size, stride, **settings)
            return [made, nn.ELU()]
        case Flatten():
            return [nn.Flatten()]
        case Reshape(shape):
            return [nn.Unflatten(1, channels_first(shape))]
