"""NumPy archives (.npz) of pictures and labels."""

import zipfile
from pathlib import Path

import numpy as np

from ranvier.data.arrays import from_arrays
from ranvier.data.samples import Samples
from ranvier.errors import BadFileError
from ranvier.files import UNREADABLE

PAIRS = (("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target"), ("data", "labels"))
TRAIN_TEST = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
)


def read_npz(path: str | Path) -> Samples:
    """A set from an archive with `x` and `y`, `images` and `labels`, or `x_train`, `y_train`, `x_test` and `y_test`.

    With the four, that split is official. Pickled objects are refused, since reading them runs code from the file.

    Raises:
        BadFileError: missing, damaged, pickled, without these keys, or arrays that do not fit.
    """
    path = Path(path)
    keys = _keys(path)
    for four in TRAIN_TEST:
        if keys.issuperset(four):
            return _train_and_test(path, four)
    for pair in PAIRS:
        if keys.issuperset(pair):
            return from_arrays(str(path), *_read(path, pair))
    raise BadFileError(
        f"{path}: holds {', '.join(sorted(keys)) or 'nothing'}; expected the arrays x and y (or images and labels, or "
        f"x_train, y_train, x_test and y_test). Save it with `np.savez(path, x=x, y=y)`."
    )


def _train_and_test(path: Path, keys: tuple[str, ...]) -> Samples:
    x_train, y_train, x_test, y_test = _read(path, keys)
    if x_train.shape[1:] != x_test.shape[1:] or y_train.shape[1:] != y_test.shape[1:]:
        shapes = ", ".join(f"{k} {a.shape}" for k, a in zip(keys, (x_train, y_train, x_test, y_test), strict=True))
        raise BadFileError(f"{path}: {shapes}; train and test may differ in the first axis only. Save them alike.")
    if len(x_train) != len(y_train):
        raise BadFileError(
            f"{path}: {len(x_train)} samples in {keys[0]}, {len(y_train)} labels in {keys[1]}; expected as many. "
            f"Save one label a sample."
        )
    return from_arrays(
        str(path),
        np.concatenate([x_train, x_test]),
        np.concatenate([y_train, y_test]),
        official_test=np.arange(len(x_train) + len(x_test)) >= len(x_train),
        official_rule=f"{keys[0]} trains, {keys[2]} tests",
    )


def _keys(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror or error}; expected an .npz archive. Check the path.") from error
    except UNREADABLE as error:
        raise BadFileError(
            f"{path}: not an .npz archive, or a truncated one ({path.stat().st_size} bytes; {error}). "
            f"Copy it again, or save it with `np.savez(path, x=x, y=y)`."
        ) from error


def _read(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    arrays = []
    for key in keys:
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays.append(archive[key])
        except UNREADABLE as error:
            if "Object arrays" in str(error):
                raise BadFileError(
                    f"{path}: '{key}' is a pickled object, which could run code when it is read; expected plain "
                    f"numbers. Save it as an array of numbers, such as `np.asarray({key}, np.float32)`."
                ) from error
            raise BadFileError(f"{path}: '{key}' is damaged or truncated ({error}). Copy it again.") from error
    return arrays
