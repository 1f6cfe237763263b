"""Convolutions whose gradients stay fast inside a compiled loop on a CPU.

XLA on a CPU runs an ordinary convolution fast wherever it stands, but the one that gives a
kernel's gradient (the whole batch is its window) only outside of loops; inside, it takes ten times
as long. Here that gradient is a matrix product of rows and patches, and a transposed convolution
is the same three maps in another order:

* ``gather``: image to grid, the convolution itself;
* ``scatter``: grid to image, its transpose;
* ``kernel_gradient``: how both change with the kernel.

The first two are matrix products as well where patches are small: of images with few channels, or
where windows do not overlap. What each is worth is measured in docs/performance.md. On other
platforms all three are XLA's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax import lax

from jamjae.engine.convolution_geometry import (
    Geometry,
    Side,
    Two,
    conv2d_geometry,
    conv2d_transpose_geometry,
)

LAYOUT = ("NHWC", "HWIO", "NHWC")
CACHED = 3 << 20  # bytes of patches that are laid out at once, to be read again from the cache


# --- what networks call ---------------------------------------------------------------------


def conv2d(
    x: jax.Array, kernel: jax.Array, *, strides: Two, padding: str, dilation: Two
) -> jax.Array:
    """Convolve images as ``keras.layers.Conv2D`` does.

    Parameters
    ----------
    x : array of shape (n, h, w, c)
    kernel : array of shape (kh, kw, c, o)
    strides, dilation : (int, int)
    padding : {"same", "valid"}

    Returns
    -------
    array of shape (n, h', w', o)
    """
    geometry = conv2d_geometry(
        x.shape[1:3], kernel.shape[:2], strides=strides, padding=padding, dilation=dilation
    )
    if _elsewhere():
        return gather(x, kernel, geometry)
    return _convolve(x, kernel, geometry)


def conv2d_transpose(
    x: jax.Array,
    kernel: jax.Array,
    *,
    strides: Two,
    padding: str,
    output_padding: int | Two | None = None,
    dilation: Two = (1, 1),
) -> jax.Array:
    """Convolve transposedly as ``keras.layers.Conv2DTranspose`` does.

    Parameters
    ----------
    x : array of shape (n, h, w, c)
    kernel : array of shape (kh, kw, o, c)
    strides, dilation : (int, int)
    padding : {"same", "valid"}
    output_padding : int, (int, int) or None
        What Keras's layer is given; None lets `padding` decide.

    Returns
    -------
    array of shape (n, h', w', o)
    """
    geometry = conv2d_transpose_geometry(
        x.shape[1:3],
        kernel.shape[:2],
        strides=strides,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    if _elsewhere():
        return scatter(x, kernel, geometry)
    return _convolve_transposed(x, kernel, geometry)


def flatten(inputs: jax.Array) -> jax.Array:
    """Lay images out as rows, as ``keras.layers.Flatten`` does, once they are computed.

    What gave the images, such as a bias and an activation, XLA else computes entry by entry of the
    rows on a CPU, and finds each entry's channel by division: five times as long. It forgets
    barriers before it fuses, but does not look into a branch.
    """
    if not _elsewhere() and inputs.ndim == 4 and inputs.shape[-1] > 1:
        unlikely = jnp.isnan(inputs.ravel()[:1]).any()
        inputs = lax.cond(unlikely, lax.optimization_barrier, lambda same: same, inputs)
    return inputs.reshape(len(inputs), math.prod(inputs.shape[1:]))


def _elsewhere() -> bool:
    return jax.default_backend() != "cpu"


# --- the three maps -------------------------------------------------------------------------


def gather(image: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Image (n, h, w, c) and kernel (kh, kw, c, o) to grid (n, h', w', o)."""
    if _by_products(kernel, geometry):
        padded = _padded(image, geometry.padding)
        return _patches(padded, geometry) @ kernel.reshape(-1, kernel.shape[-1])
    return lax.conv_general_dilated(
        image,
        kernel,
        geometry.strides,
        geometry.padding,
        rhs_dilation=geometry.dilation,
        dimension_numbers=LAYOUT,
    )


def scatter(grid: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Grid (n, h', w', o) and kernel (kh, kw, c, o) to image (n, h, w, c)."""
    if _by_products(kernel, geometry):
        return _overlaid(grid @ kernel.reshape(-1, kernel.shape[-1]).T, geometry)
    if not _elsewhere() and geometry.strides != (1, 1) and geometry.dilation == (1, 1):
        return _interleaved(grid, kernel, geometry)
    return lax.conv_general_dilated(
        grid,
        jnp.flip(kernel, (0, 1)).swapaxes(2, 3),
        (1, 1),
        geometry.scattering(grid.shape[1:3]),
        lhs_dilation=geometry.strides,
        rhs_dilation=geometry.dilation,
        dimension_numbers=LAYOUT,
    )


def _interleaved(grid: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Scatter with strides as one convolution without: pixels between two windows are its features.

    XLA's convolution of a spread grid multiplies by the zeros in between, up to three times slower.
    Shi et al. (2016), "Real-time single image super-resolution", CVPR: sub-pixel convolution.
    """
    n, (rows, columns, channels, features) = len(grid), kernel.shape
    down, across = geometry.strides
    high, wide = -(-rows // down), -(-columns // across)  # windows over one pixel
    spare = ((0, high * down - rows), (0, wide * across - columns), (0, 0), (0, 0))
    kernel = jnp.pad(kernel, spare).reshape(high, down, wide, across, channels, features)
    kernel = jnp.flip(kernel, (0, 2)).transpose(0, 2, 5, 1, 3, 4).reshape(high, wide, features, -1)
    sides = zip(geometry.image, geometry.padding, geometry.strides, strict=True)
    tall, long = (-(-(side + sum(padding)) // stride) for side, padding, stride in sides)
    around = ((high - 1, tall - grid.shape[1]), (wide - 1, long - grid.shape[2]))
    parts = lax.conv_general_dilated(grid, kernel, (1, 1), around, dimension_numbers=LAYOUT)
    image = parts.reshape(n, tall, long, down, across, channels).swapaxes(2, 3)
    image = image.reshape(n, tall * down, long * across, channels)
    (above, _), (before, _) = geometry.padding
    height, width = geometry.image
    cut = ((-above, height + above - tall * down), (-before, width + before - long * across))
    return _padded(image, cut)


def _by_products(kernel: jax.Array, geometry: Geometry) -> bool:
    """Whether patches are so small that products with them beat XLA's convolution on a CPU."""
    few = kernel[..., 0].size <= 2 * kernel.shape[-1]
    return not _elsewhere() and (few or geometry.tiled)


def kernel_gradient(image: jax.Array, grid: jax.Array, geometry: Geometry) -> jax.Array:
    """Image (n, h, w, c) and the gradient on the grid (n, h', w', o) to that of the kernel."""
    n, some = len(image), _at_once(image, grid, geometry)
    if some == n:
        return _kernel_gradient(image, grid, geometry)

    def add(number: jax.Array, total: jax.Array) -> jax.Array:
        rows = (lax.dynamic_slice_in_dim(x, number * some, some) for x in (image, grid))
        image_rows, grid_rows = lax.optimization_barrier(tuple(rows))  # type: ignore[no-untyped-call]
        return total + _kernel_gradient(image_rows, grid_rows, geometry)

    shape = (*geometry.kernel, image.shape[-1], grid.shape[-1])
    return lax.fori_loop(0, n // some, add, jnp.zeros(shape, image.dtype))


def _at_once(image: jax.Array, grid: jax.Array, geometry: Geometry) -> int:
    """Choose of how many images patches are laid out, such that they stay in the cache."""
    narrow = image.shape[-1]
    if geometry.strides == (1, 1):
        narrow = min(narrow, grid.shape[-1])
    held = 4 * max(grid[0, ..., 0].size, 1) * math.prod(geometry.kernel) * narrow
    return max(count for count in range(1, max(CACHED // held, 1) + 1) if len(image) % count == 0)


def _kernel_gradient(image: jax.Array, grid: jax.Array, geometry: Geometry) -> jax.Array:
    channels, features = image.shape[-1], grid.shape[-1]
    size = geometry.kernel
    if geometry.strides == (1, 1) and features <= channels:  # patches of the smaller are cheaper
        spread = _padded(grid, geometry.scattering(grid.shape[1:3]))
        patches = _patches(spread, geometry)
        product = _flat(image).T @ _flat(patches)  # (c, kh·kw·o), windows in falling order
        return jnp.flip(product.reshape(channels, *size, features), (1, 2)).transpose(1, 2, 0, 3)
    patches = _patches(_padded(image, geometry.padding), geometry)
    product = _flat(grid).T @ _flat(patches)  # (o, kh·kw·c)
    return product.reshape(features, *size, channels).transpose(1, 2, 3, 0)


def _padded(x: jax.Array, padding: Sequence[Side]) -> jax.Array:
    zero = jnp.zeros((), x.dtype)
    return lax.pad(x, zero, [(0, 0, 0), *((low, high, 0) for low, high in padding), (0, 0, 0)])


def _patches(x: jax.Array, geometry: Geometry) -> jax.Array:
    """Lay the entries of each window of padded images side by side: (n, h', w', kh·kw·c)."""
    height, width = geometry.grid(x.shape[1:3])
    (down, across), (rows, columns) = geometry.strides, geometry.kernel
    if geometry.tiled:
        tiles = x[:, : height * rows, : width * columns]
        tiles = tiles.reshape(len(x), height, rows, width, columns, -1).swapaxes(2, 3)
        return tiles.reshape(len(x), height, width, -1)
    tall, wide = (height - 1) * down + 1, (width - 1) * across + 1
    views = [
        x[:, top : top + tall : down, left : left + wide : across] for top, left in geometry.offsets
    ]
    return jnp.concatenate(views, axis=-1)


def _overlaid(patches: jax.Array, geometry: Geometry) -> jax.Array:
    """Add patches (n, h', w', kh·kw·c) up where their windows lie on images: (n, h, w, c)."""
    n, height, width, _ = patches.shape
    (down, across), (rows, columns) = geometry.strides, geometry.kernel
    sides = zip(geometry.scattering((height, width)), geometry.reach, strict=True)
    cut = [(low - reach + 1, high - reach + 1) for (low, high), reach in sides]
    if geometry.tiled:
        tiles = patches.reshape(n, height, width, rows, columns, -1).swapaxes(2, 3)
        return _padded(tiles.reshape(n, height * rows, width * columns, -1), cut)
    zero = jnp.zeros((), patches.dtype)
    (above, below), (before, after) = cut
    tall, wide = geometry.reach
    parts = zip(geometry.offsets, jnp.split(patches, rows * columns, axis=-1), strict=True)
    laid = (
        lax.pad(
            part,
            zero,
            [
                (0, 0, 0),
                (top + above, tall - 1 - top + below, down - 1),
                (left + before, wide - 1 - left + after, across - 1),
                (0, 0, 0),
            ],
        )
        for (top, left), part in parts
    )
    return reduce(jnp.add, laid)


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(-1, x.shape[-1])


# --- their gradients ------------------------------------------------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return gather(x, kernel, geometry)


def _convolve_backward(
    geometry: Geometry, kept: tuple[jax.Array, jax.Array], change: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    return scatter(change, kernel, geometry), kernel_gradient(x, change, geometry)


_convolve.defvjp(
    lambda x, kernel, geometry: (gather(x, kernel, geometry), (x, kernel)), _convolve_backward
)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve_transposed(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return scatter(x, kernel, geometry)


def _convolve_transposed_backward(
    geometry: Geometry, kept: tuple[jax.Array, jax.Array], change: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    return gather(change, kernel, geometry), kernel_gradient(change, x, geometry)


_convolve_transposed.defvjp(
    lambda x, kernel, geometry: (scatter(x, kernel, geometry), (x, kernel)),
    _convolve_transposed_backward,
)
