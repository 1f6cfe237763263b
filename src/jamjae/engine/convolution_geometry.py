"""How the windows of a convolution lie on images, and how large what they give is."""

from __future__ import annotations

from typing import NamedTuple

from jax import lax

Two = tuple[int, ...]  # of two, as shapes are typed
Side = tuple[int, int]  # before and after


class Geometry(NamedTuple):
    """How windows of a kernel lie on an image.

    Attributes
    ----------
    image, kernel : (int, int)
        Heights and widths.
    strides, dilation : (int, int)
    padding : ((int, int), (int, int))
        Zeros before and after the image, an axis; less than nothing crops.
    """

    image: Two
    kernel: Two
    strides: Two
    dilation: Two
    padding: tuple[Side, Side]

    @property
    def reach(self) -> Two:
        """What a window spans."""
        (height, width), (down, across) = self.kernel, self.dilation
        return (height - 1) * down + 1, (width - 1) * across + 1

    @property
    def offsets(self) -> list[Side]:
        """Where the entries of a window lie in it, by rows."""
        tops, lefts = (range(0, r, d) for r, d in zip(self.reach, self.dilation, strict=True))
        return [(top, left) for top in tops for left in lefts]

    @property
    def tiled(self) -> bool:
        """Whether windows lie side by side, without overlap or gap."""
        return self.strides == self.kernel and self.dilation == (1, 1)

    def grid(self, padded: Two) -> Two:
        """How many windows lie on a padded image."""
        sides = zip(padded, self.reach, self.strides, strict=True)
        return tuple((side - reach) // stride + 1 for side, reach, stride in sides)

    def scattering(self, grid: Two) -> list[Side]:
        """Pad a spread grid (h', w') such that its windows are as many as the image has pixels."""
        sides = zip(grid, self.image, self.reach, self.strides, self.padding, strict=True)
        return [
            (reach - 1 - before, length + before - ((size - 1) * stride + 1))
            for size, length, reach, stride, (before, _) in sides
        ]


def conv2d_geometry(
    image: Two, kernel: Two, *, strides: Two, padding: str, dilation: Two
) -> Geometry:
    """Give the positions of a Conv2D's windows on images of a height and width."""
    reach = Geometry(image, kernel, strides, dilation, ((0, 0), (0, 0))).reach
    (top, bottom), (left, right) = lax.padtype_to_pads(image, reach, strides, padding.upper())
    return Geometry(image, kernel, strides, dilation, ((top, bottom), (left, right)))


def conv2d_transpose_geometry(
    grid: Two,
    kernel: Two,
    *,
    strides: Two,
    padding: str,
    output_padding: int | Two | None = None,
    dilation: Two = (1, 1),
) -> Geometry:
    """Give the positions of a Conv2DTranspose's windows on its output for grids of a size."""
    extra = output_padding if isinstance(output_padding, tuple) else (output_padding,) * 2
    sides = [
        _transposed_side(*axis, padding=padding.lower())
        for axis in zip(grid, kernel, strides, dilation, extra, strict=True)
    ]
    (height, vertical), (width, horizontal) = sides
    return Geometry((height, width), kernel, strides, dilation, (vertical, horizontal))


def _transposed_side(
    size: int, kernel: int, stride: int, dilation: int, extra: int | None, *, padding: str
) -> tuple[int, Side]:
    """Give the length of one side of the result, and the padding by which it gathers to `size`.

    The conventions are those of Keras (``compute_conv_transpose_padding_args_for_jax``).
    """
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        total = reach - 1 + (max(stride - reach, 0) if extra is None else extra)
        before = reach - 1
        after = total
    else:
        total = stride + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
        before = min(total // 2 + total % 2, reach - 1)
        after = total - before
    spread = (size - 1) * stride + 1
    length = spread + before + after - reach + 1
    cut = reach - 1 - before
    return length, (cut, (size - 1) * stride + reach - length - cut)
