from pathlib import Path

import numpy as np
import pytest

from ranvier.data.npz import read_npz
from ranvier.errors import BadFileError

X = np.random.default_rng(0).integers(0, 256, (8, 5, 4), np.uint8)
Y = np.arange(8) % 2


@pytest.mark.parametrize("keys", [("x", "y"), ("images", "labels"), ("data", "target"), ("X", "y"), ("data", "labels")])
def test_pairs(tmp_path: Path, keys):
    path = tmp_path / "a.npz"
    np.savez(path, **dict(zip(keys, (X, Y), strict=True)), extra=np.array([{}], object))
    samples = read_npz(path)
    assert samples.x.shape == (8, 1, 5, 4) and samples.y.tolist() == Y.tolist() and samples.official_test is None


@pytest.mark.parametrize(
    "keys",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_train_and_test_are_official(tmp_path: Path, keys):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, **dict(zip(keys, (X[:5], Y[:5], X[5:], Y[5:]), strict=True)))
    samples = read_npz(path)
    np.testing.assert_array_equal(samples.x[:, 0], X.astype(np.float32) / 255)
    assert samples.official_test is not None and samples.official_test.tolist() == [False] * 5 + [True] * 3
    assert samples.official_rule == f"{keys[0]} trains, {keys[2]} tests"


def test_pickled_objects_are_refused(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([[1], [1, 2]], object), y=Y)
    with pytest.raises(BadFileError, match="'x' is a pickled object, which could run code"):
        read_npz(path)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"a": X, "b": Y}, r"holds a, b; expected the arrays x and y .*np.savez\(path, x=x, y=y\)"),
        ({"x": X, "y": Y[:3]}, r"labels of shape \(3,\)"),
        ({"x_train": X, "y_train": Y[:3], "x_test": X, "y_test": Y}, "8 samples in x_train, 3 labels in y_train"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, 1:], "y_test": Y},
            r"x_test \(8, 4, 4\).*differ in the first axis only",
        ),
    ],
)
def test_keys_and_shapes(tmp_path: Path, arrays, text):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(BadFileError, match=text):
        read_npz(path)


def test_truncated_damaged_and_missing(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=Y)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadFileError, match=rf"not an \.npz archive, or a truncated one \({len(data) // 2} bytes"):
        read_npz(path)
    flipped = bytearray(data)
    flipped[200:220] = b"\xaa" * 20
    path.write_bytes(bytes(flipped))
    with pytest.raises(BadFileError, match="'x' is damaged or truncated"):
        read_npz(path)
    with pytest.raises(BadFileError, match="No such file or directory; expected an .npz archive"):
        read_npz(tmp_path / "none.npz")


def test_damaged_archives_are_refused_or_read(tmp_path):
    """Bytes changed at random, a tenth of them cut: numpy, zipfile, zlib and the header's parser each have errors of their own."""
    path, rng = tmp_path / "a.npz", np.random.default_rng(0)
    np.savez_compressed(path, x=np.arange(200.0).reshape(20, 10), y=np.arange(20) % 2)
    whole, found = path.read_bytes(), {"read": 0, "refused": 0}
    for k in range(200):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 4):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged[: rng.integers(1, len(whole))] if k % 10 == 0 else damaged)
        try:
            read_npz(path)
            found["read"] += 1
        except BadFileError as error:
            assert str(path) in str(error)
            found["refused"] += 1
    assert found["refused"] > 100
