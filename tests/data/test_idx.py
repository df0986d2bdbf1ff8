import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from ranvier.data.bundled import mnist
from ranvier.data.idx import read_idx, read_idx_array
from ranvier.errors import BadFileError, RanvierError


def idx_bytes(array: np.ndarray) -> bytes:
    codes = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}
    header = bytes([0, 0, codes[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for part, n, zipped in (("train", 20, True), ("t10k", 10, False)):
        for name, array in (
            ("images-idx3", random.integers(0, 256, (n, 6, 5), np.uint8)),
            ("labels-idx1", (np.arange(n) % 2).astype(np.uint8)),
        ):
            data = idx_bytes(array)
            path = tmp_path / f"{part}-{name}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(data) if zipped else data)
    return tmp_path


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_array_round_trip(tmp_path: Path, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    (tmp_path / "a-idx3").write_bytes(idx_bytes(array))
    (tmp_path / "a-idx3.gz").write_bytes(gzip.compress(idx_bytes(array)))
    for name in ("a-idx3", "a-idx3.gz"):
        read = read_idx_array(tmp_path / name)
        assert read.dtype == np.dtype(dtype).newbyteorder(">")
        np.testing.assert_array_equal(read, array)


def test_folder_keeps_the_official_split(folder: Path):
    samples = mnist(folder)
    assert samples.x.shape == (30, 1, 6, 5) and samples.classes == ("0", "1")
    assert samples.official_test is not None and np.flatnonzero(samples.official_test).tolist() == list(range(20, 30))
    assert samples.official_rule == "train-images-idx3-ubyte.gz trains, t10k-images-idx3-ubyte tests"
    np.testing.assert_array_equal(samples.x[20:], read_idx(folder / "t10k-images-idx3-ubyte").x)


def test_single_file_with_its_labels_beside_it(folder: Path):
    samples = read_idx(folder / "train-images-idx3-ubyte.gz")
    assert len(samples) == 20 and samples.official_test is None
    (folder / "t10k-images-idx3-ubyte").unlink()
    assert len(read_idx(folder)) == 20
    with pytest.raises(RanvierError, match="expected the four files of MNIST, train-images-idx3-ubyte"):
        mnist(folder)


def test_plain_and_gzipped_twin_count_as_one(folder: Path):
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes()))
    assert len(read_idx(folder)) == 30


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d[:-7], r"609 bytes, expected 616 for an array of shape \(20, 6, 5\), type uint8, from offset 16"),
        (lambda d: d + b"\0", "617 bytes, expected 616"),
        (lambda d: d[:10], "the header ends at offset 10, expected 16 bytes"),
        (lambda d: b"hello" + d, "not an IDX file: offset 0 holds 68 65 6c 6c"),
        (lambda d: b"", "offset 0 holds nothing"),
        (lambda d: gzip.compress(d)[:50], "a damaged or truncated gzip file"),
        (lambda d: gzip.compress(d)[:60] + b"\xff" * 300, "a damaged or truncated gzip file|gzip|CRC"),
    ],
)
def test_damaged_files(folder: Path, change, text):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(change(gzip.decompress(path.read_bytes())))
    with pytest.raises(BadFileError, match=text):
        read_idx(folder)


def test_missing_files_and_folders(folder: Path):
    with pytest.raises(RanvierError, match="expected the file of images"):
        read_idx(folder / "train-labels-idx1-ubyte.gz")
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(BadFileError, match=r"its labels are missing, expected train-labels-idx1-ubyte\.gz beside it"):
        read_idx(folder)
    with pytest.raises(RanvierError, match="files of IDX images found: none"):
        read_idx(folder / "nowhere")
    with pytest.raises(BadFileError, match="No such file"):
        read_idx_array(folder / "nowhere-idx1")
    (folder / "emnist-train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(RanvierError, match="expected one to train and one to test"):
        read_idx(folder)


def test_train_and_test_of_different_sizes(folder: Path):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((10, 6, 6), np.uint8)))
    with pytest.raises(BadFileError, match=r"train images have shape \(6, 5\), test images \(6, 6\)"):
        read_idx(folder)
