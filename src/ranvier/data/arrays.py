"""Pictures and labels that come as whole arrays: checked, scaled to [0, 1] and labelled, whatever file held them."""

import numpy as np

from ranvier.data.samples import Samples, check_classes
from ranvier.errors import BadFileError


def from_arrays(
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    *,
    official_test: np.ndarray | None = None,
    official_rule: str | None = None,
) -> Samples:
    """A set of images from pixels and labels.

    Args:
        name: what errors and the summary call it.
        x: [n, H, W], [n, H, W, C] or [n, C, H, W] with C of 1 or 3; 0 .. 1, or 0 .. 255, or 16-bit integers.
        y: [n] or [n, 1]: whole numbers or text, one label a sample.
        official_test, official_rule: as in `Samples`.

    Raises:
        BadFileError: a shape, type or range that cannot be a labelled set of pictures.
        RanvierError: one class, or a class with a single sample.
    """
    pixels = _channels_first(name, x)
    labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if labels.ndim != 1 or len(labels) != len(pixels):
        raise BadFileError(
            f"{name}: labels of shape {y.shape} for images of shape {x.shape}; expected one label a sample, shape "
            f"({len(pixels)},). For one-hot labels save `y.argmax(1)`."
        )
    if labels.dtype.kind not in "iubUS":
        whole = labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.round(labels)).all()
        if not whole:
            raise BadFileError(
                f"{name}: labels of type {labels.dtype}, expected whole numbers or text. Save them as integers."
            )
        labels = labels.astype(np.int64)
    values, index = np.unique(labels, return_inverse=True)
    classes = tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist())
    scaled, note = _scaled(name, pixels)
    samples = Samples(
        name=name,
        kind="image",
        x=scaled,
        y=index.astype(np.int64),
        classes=classes,
        names=tuple(map(str, range(len(index)))),
        official_test=official_test,
        official_rule=official_rule,
        notes=(note,) if note else (),
    )
    check_classes(name, samples.classes, samples.y)
    return samples


def _channels_first(name: str, x: np.ndarray) -> np.ndarray:
    if x.ndim == 3:
        return x[:, None]
    if x.ndim == 4 and x.shape[1] in (1, 3):
        return x
    if x.ndim == 4 and x.shape[3] in (1, 3):
        return x.transpose(0, 3, 1, 2)
    raise BadFileError(
        f"{name}: images of shape {x.shape}, expected [n, H, W], [n, H, W, C] or [n, C, H, W] with C of 1 or 3. "
        f"For rows of pixels save `x.reshape(len(x), H, W)`."
    )


def _scaled(name: str, x: np.ndarray) -> tuple[np.ndarray, str | None]:
    """[n, C, H, W] as float32 in [0, 1], and what was done to it if it was more than a change of type."""
    if x.dtype.kind not in "iufb":
        raise BadFileError(f"{name}: images of type {x.dtype}, expected numbers. Save them as uint8.")
    if x.size == 0:
        raise BadFileError(f"{name}: images of shape {x.shape} hold no pixel. Save at least two samples a class.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = int((~np.isfinite(x)).sum())
        raise BadFileError(f"{name}: {bad} of {x.size} pixels are NaN or infinite. Save `np.nan_to_num(x)`.")
    low, high = float(x.min()), float(x.max())
    if low >= 0 and high <= 1 and x.dtype != np.uint8:
        return np.ascontiguousarray(x, np.float32), None
    if low >= 0 and high <= 255:
        note = None if x.dtype == np.uint8 else f"pixels of type {x.dtype} up to {high:g} were divided by 255"
        return np.ascontiguousarray(x, np.float32) / np.float32(255), note
    if x.dtype == np.uint16:
        return np.ascontiguousarray(x, np.float32) / np.float32(65535), "16-bit pixels were divided by 65535"
    raise BadFileError(
        f"{name}: pixels from {low:g} to {high:g}, expected 0 .. 1 or 0 .. 255. "
        f"Save `(x - x.min()) / (x.max() - x.min())`."
    )
