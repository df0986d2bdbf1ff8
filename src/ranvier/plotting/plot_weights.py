"""`ranvier.plot.weights`."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from ranvier.plotting import style
from ranvier.plotting.axes import BLUE, COLUMN, SPINE, VERMILION, axes

GAP = 1  # elements between the pictures of a montage
BETWEEN = style.LIGHT.grid  # their colour


def weights(
    values: Any,
    *,
    picture: tuple[int, int] | None = None,
    label: str = "weight",
    limit: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Weights as colours: blue below zero, white at zero, vermilion above, the same size to either side.

    Args:
        values: [outputs, inputs], such as `layer.weight`; or [outputs, inputs, height, width] of a convolution, drawn as a montage, one
            row an output.
        picture: height and width of the inputs: each output's weights are then drawn as a picture, in a montage.
        label: of the colour bar.
        limit: weight of the full colour; the 99.5th percentile of the sizes if None.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: another number of axes, a picture that does not hold the inputs, weights that are not finite or none.

    Example:
        >>> import ranvier as rv
        >>> ax = rv.plot.weights(rv.Linear(20, 10).weight)
        >>> ax.get_ylabel()
        'output'
    """
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.ndim not in (2, 4) or not array.size:
        raise ValueError(
            f"weights: must have shape [outputs, inputs] or [outputs, inputs, height, width], got {array.shape}. Use layer.weight."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"weights: NaN or inf in {np.count_nonzero(~np.isfinite(array))} of {array.size} values. Look at the training."
        )
    if picture is not None and (array.ndim != 2 or picture[0] * picture[1] != array.shape[1]):
        raise ValueError(
            f"weights: a picture of {picture} does not hold {array.shape[1:]} inputs. Give its height and width."
        )
    montage = array.ndim == 4 or picture is not None
    shown = array
    if picture is not None:
        shown = _montage(_square(array.reshape(-1, *picture)))
    elif montage:
        shown = _montage(array)
    top = float(np.percentile(np.abs(array), 99.5)) if limit is None else limit
    top = top or 1.0
    aspect = shown.shape[0] / shown.shape[1]
    height = float(np.clip(2.7 * aspect, 1.4, 4.5))
    width = min(COLUMN, max(height / aspect, 0.6) + 0.8) if montage else COLUMN
    with axes(ax, width, height) as ax:
        image = ax.imshow(
            shown, cmap=style.diverging(BLUE, VERMILION).with_extremes(bad=BETWEEN), norm=Normalize(-top, top), rasterized=True,
            aspect="equal" if montage else "auto", interpolation="nearest" if shown.shape[0] <= 256 else "antialiased",
        )  # fmt: skip
        figure = ax.get_figure()
        assert figure is not None
        beyond = "both" if float(np.abs(array).max()) > top else "neither"
        bar = figure.colorbar(image, ax=ax, extend=beyond, fraction=0.05, pad=0.03, label=label)
        bar.outline.set_linewidth(SPINE)  # pyright: ignore[reportCallIssue]
        bar.ax.tick_params(width=SPINE, length=2.5)
        if montage:
            ax.set_axis_off()
        else:
            ax.set_xlabel("input")
            ax.set_ylabel("output")
            for spine in ax.spines.values():
                spine.set_visible(True)
            if len(array) == 1:
                ax.set_yticks([0])
    return ax


def _square(pictures: np.ndarray) -> np.ndarray:
    """[n, height, width] as rows and columns of about one number, [rows, columns, height, width], filled up with NaN."""
    columns = int(np.ceil(np.sqrt(len(pictures))))
    rows = -(-len(pictures) // columns)
    filled = np.full((rows * columns, *pictures.shape[1:]), np.nan)
    filled[: len(pictures)] = pictures
    return filled.reshape(rows, columns, *pictures.shape[1:])


def _montage(pictures: np.ndarray) -> np.ndarray:
    """[rows, columns, height, width] as one picture, with gaps of NaN."""
    rows, columns, height, width = pictures.shape
    whole = np.full((rows, columns, height + GAP, width + GAP), np.nan)
    whole[:, :, :height, :width] = pictures
    return whole.swapaxes(1, 2).reshape(rows * (height + GAP), columns * (width + GAP))[:-GAP, :-GAP]
