"""Loadings: how each feature moves each component of a code, as tables and figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jamjae.errors import InvalidDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Loadings:
    """Derivatives of components of codes by features, in the order of PCA's ``components_``.

    A loading is what a component, as ``transform`` gives it, changes by when a feature grows by
    one unit, all others equal: ``∂z / ∂x``. That of a category is the change if the column becomes
    this category, less the mean of such changes over the categories; that of a boolean is the
    change from False to True, and dates and durations count days. The loadings of a linear model
    are the same at every row. Signs are those of the codes.

    Attributes
    ----------
    values : array of shape (n, k, *row_shape), or None
        At each row. None where they would take too much memory, or were not asked for.
    mean, deviation : arrays of shape (k, *row_shape), or data frames
        The mean of the rows, and the standard deviation between them: 0 if the encoder is linear
        there. Data frames, with a column for each feature, if the columns of the data have names.
    pca : array of shape (k, *row_shape), or data frame
        PCA's loadings in the same units: those of the model before training, where it starts as
        PCA. Codes of a variational autoencoder have a deviation of about 1, so for them those of
        PCA with components of deviation 1.
    codes : array of shape (n, k)
        Of the rows, as ``transform`` gives them.
    spread : float64 array of row_shape
        Standard deviation of each feature among the rows; of a category the root of its share.
    feature_names, component_names : list of str
        Names of features are empty for images.
    columns : tuple of (str, int, int)
        Name, first feature and the one after the last of each original column: several for the
        categories of a column, else one; empty for images.
    per : {"unit", "deviation"}
        Of the feature, that loadings are the change for.
    """

    values: np.ndarray | None
    mean: Any
    deviation: Any
    pca: Any
    codes: np.ndarray
    spread: np.ndarray
    feature_names: list[str]
    component_names: list[str]
    columns: tuple[tuple[str, int, int], ...]
    per: str = "unit"

    PARTS: ClassVar[tuple[str, ...]] = ("values", "mean", "deviation", "pca")

    def per_deviation(self) -> Loadings:
        """Give the loadings per standard deviation of each feature among the rows.

        Features of different units are comparable then.

        Raises
        ------
        InvalidDataError
            There is one row, which has no deviations.
        """
        if self.per == "deviation":
            return self
        if len(self.codes) < 2:
            raise InvalidDataError(
                "Loadings cannot be given per deviation of features by a single row. Take several "
                "rows: model.loadings(X)."
            )
        scaled: dict[str, Any] = {
            name: part if (part := getattr(self, name)) is None else part * self.spread
            for name in self.PARTS
        }
        return replace(self, **scaled, per="deviation")

    def by_column(self) -> Any:
        """Give how much each original column moves each component, whatever its type.

        The root mean square over rows of the change per deviation of the column. The categories
        of a column count together, each by its share: it is the deviation that the column alone
        gives the component.

        Returns
        -------
        float64 array of shape (k, columns), or data frame
            At least 0. Of images one for each pixel: (k, *row_shape).
        """
        each = self.per_deviation()
        size = np.square(np.asarray(each.mean)) + np.square(np.asarray(each.deviation))
        if not self.columns:
            return np.sqrt(size)
        sums = np.stack([size[:, i:j].sum(axis=1) for _, i, j in self.columns], axis=1)
        return framed(np.sqrt(sums), self.component_names, self._titles)

    def table(self) -> Any:
        """Give the mean loadings beside PCA's, one line for each feature.

        Returns
        -------
        data frame of shape (d, 2·k)
            Columns are pairs: ``("mean", component)`` and ``("pca", component)``.

        Raises
        ------
        InvalidDataError
            The rows are images; see `plot`.
        """
        from pandas import DataFrame, concat

        self._require_table("make a table")
        parts = {
            name: DataFrame(
                np.asarray(getattr(self, name)).T, self.feature_names, self.component_names
            )
            for name in ("mean", "pca")
        }
        return concat(parts, axis=1)

    def plot(self, *, title: str | None = None) -> Figure:
        """Draw mean loadings beside PCA's: a heat map of features, or maps of pixels.

        Those of a table are drawn per deviation of each feature, so that colors are comparable;
        of more than 40 features the 40 that move the components most.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from jamjae import plotting

        if not self.feature_names:
            short = [f"component {place}" for place in range(len(self.component_names))]
            return plotting.loading_images(self.mean, self.pca, component_names=short, title=title)
        each = self if len(self.codes) < 2 else self.per_deviation()
        return plotting.loading_map(
            np.asarray(each.mean),
            np.asarray(each.pca),
            feature_names=self.feature_names,
            component_names=self.component_names,
            per=each.per,
            title=title,
        )

    def biplot(
        self,
        y: ArrayLike | None = None,
        *,
        components: tuple[int, int] = (0, 1),
        class_names: Sequence[str] | None = None,
        title: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw codes as points, and mean loadings per deviation of features as arrows.

        Parameters
        ----------
        y : array-like of shape (n,), optional
            Classes or values by which points are colored.
        components : (int, int), default=(0, 1)
            The components across and up.
        class_names : sequence of str, optional
        title : str, optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidDataError
            The rows are images, there is one row, or the model has fewer components.
        """
        from jamjae import plotting

        self._require_table("draw a biplot")
        return plotting.biplot(
            self.codes,
            np.asarray(self.per_deviation().mean),
            y,
            components=components,
            feature_names=self.feature_names,
            component_names=self.component_names,
            class_names=class_names,
            title=title,
            ax=ax,
        )

    @property
    def _titles(self) -> list[str]:
        """Names of the original columns, none if the data had none."""
        return [name for name, _, _ in self.columns] if hasattr(self.mean, "iloc") else []

    def _require_table(self, operation: str) -> None:
        if not self.feature_names:
            raise InvalidDataError(
                f"Loadings cannot {operation} of images, whose pixels have no names. Use plot(), "
                "which draws them as images."
            )


def framed(array: np.ndarray, lines: Sequence[str], columns: Sequence[str]) -> Any:
    """Give an array as a data frame with names, if its columns have any."""
    if not len(columns):
        return array
    from pandas import DataFrame

    return DataFrame(array, index=list(lines), columns=list(columns))
