"""IDX files, the format of MNIST: one array a file, often gzipped, images and labels in files of paired names."""

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np

from ranvier.data.arrays import from_arrays
from ranvier.data.samples import Samples
from ranvier.errors import BadFileError, RanvierError

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
NAMES = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (or .gz)"
IMAGES = re.compile(r"images[-.]idx3", re.IGNORECASE)
TEST = re.compile(r"t10k|test", re.IGNORECASE)


def is_idx(path: Path) -> bool:
    """Whether a file name is that of IDX images or labels."""
    return re.search(r"[-.]idx\d", path.name, re.IGNORECASE) is not None


def read_idx_array(path: str | Path) -> np.ndarray:
    """One IDX file, gzipped or not: two zero bytes, type, number of axes, their sizes (big-endian), the numbers.

    Raises:
        BadFileError: missing, not IDX, cut short or too long; the text gives the sizes.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except OSError as error:  # BadGzipFile is one
        raise BadFileError(f"{path}: {error.strerror or error}; expected an IDX file. Check the path.") from error
    except (EOFError, zlib.error) as error:
        raise BadFileError(f"{path}: a damaged or truncated gzip file ({error}). Copy it again.") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or not data[3]:
        raise BadFileError(
            f"{path}: not an IDX file: offset 0 holds {data[:4].hex(' ') or 'nothing'}, expected two zero bytes, a "
            f"type (08, 09, 0b .. 0e) and a number of axes. Give the original file."
        )
    dtype, axes = np.dtype(TYPES[data[2]]), data[3]
    start = 4 + 4 * axes
    if len(data) < start:
        raise BadFileError(f"{path}: the header ends at offset {len(data)}, expected {start} bytes. Copy it again.")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", axes, 4))
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise BadFileError(
            f"{path}: {len(data)} bytes, expected {expected} for an array of shape {shape}, type {dtype.name}, from "
            f"offset {start}. Copy it again."
        )
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def read_idx(path: str | Path) -> Samples:
    """A set from IDX files: a folder of MNIST's file names, or one file of images with its labels beside it.

    Where a folder holds images for training and for testing (`t10k` or `test` in the name), that split is official.

    Raises:
        BadFileError: a file is missing or bad. RanvierError: the folder does not name one set.
    """
    path = Path(path)
    if path.is_file():
        if not IMAGES.search(path.name):
            raise RanvierError(
                f"{path}: expected the file of images, with `images-idx3` in its name and the labels (`labels-idx1`) "
                f"beside it. Give that file or the folder."
            )
        return from_arrays(str(path), read_idx_array(path), _labels(path))
    files = sorted(p for p in path.iterdir() if IMAGES.search(p.name)) if path.is_dir() else []
    by_name = {p.name.removesuffix(".gz"): p for p in files}  # a file and its gzipped twin are one
    test = [p for name, p in by_name.items() if TEST.search(name)]
    train = [p for p in by_name.values() if p not in test]
    if len(train) + len(test) == 1:
        return read_idx((train + test)[0])
    if len(train) != 1 or len(test) != 1:
        shown = ", ".join(by_name) or "none"
        raise RanvierError(
            f"{path}: files of IDX images found: {shown}; expected one to train and one to test: {NAMES}. "
            f"Give the folder that holds them, or one file of images."
        )
    x_train, x_test = read_idx_array(train[0]), read_idx_array(test[0])
    if x_train.shape[1:] != x_test.shape[1:]:
        raise BadFileError(
            f"{path}: train images have shape {x_train.shape[1:]}, test images {x_test.shape[1:]}; expected the same."
        )
    return from_arrays(
        str(path),
        np.concatenate([x_train, x_test]),
        np.concatenate([_labels(train[0]), _labels(test[0])]),
        official_test=np.arange(len(x_train) + len(x_test)) >= len(x_train),
        official_rule=f"{train[0].name} trains, {test[0].name} tests",
    )


def _labels(images: Path) -> np.ndarray:
    name = re.sub("idx3", "idx1", re.sub("images", "labels", images.name, flags=re.IGNORECASE), flags=re.IGNORECASE)
    plain = name.removesuffix(".gz")
    for candidate in (name, plain, f"{plain}.gz"):
        if (images.parent / candidate).is_file():
            return read_idx_array(images.parent / candidate)
    raise BadFileError(f"{images}: its labels are missing, expected {name} beside it. Put that file there.")
