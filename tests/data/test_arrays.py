import numpy as np
import pytest

from ranvier.data.arrays import from_arrays
from ranvier.errors import BadFileError, RanvierError

X = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
Y = np.array([3, 3, 7, 7, 9, 9])


def test_bytes_become_zero_to_one_and_labels_become_classes():
    samples = from_arrays("a", X, Y)
    assert samples.kind == "image" and samples.x.dtype == np.float32 and samples.x.shape == (6, 1, 5, 4)
    np.testing.assert_array_equal(samples.x[:, 0], X.astype(np.float32) / 255)
    assert samples.classes == ("3", "7", "9") and samples.y.tolist() == [0, 0, 1, 1, 2, 2]
    assert samples.y.dtype == np.int64 and samples.notes == () and len(samples) == 6


def test_channels_last_and_first():
    last = np.repeat(X[..., None], 3, -1)
    assert from_arrays("a", last, Y).x.shape == (6, 3, 5, 4)
    assert from_arrays("a", last.transpose(0, 3, 1, 2), Y).x.shape == (6, 3, 5, 4)


@pytest.mark.parametrize(
    ("x", "largest", "note"),
    [
        (X / 255.0, 1.0, None),
        (X.astype(np.int64), 1.0, "divided by 255"),
        (X.astype(np.float64), 1.0, "divided by 255"),
        (X.astype(np.uint16) * 256, 65280 / 65535, "divided by 65535"),
        (X > 128, 1.0, None),
    ],
)
def test_scaling_is_said(x, largest, note):
    samples = from_arrays("a", x, Y)
    assert samples.x.max() <= largest and samples.x.max() > 0.95 * largest and samples.x.dtype == np.float32
    assert (note is None) == (samples.notes == ())
    assert note is None or note in samples.notes[0]


def test_labels_as_text_column_bytes_and_whole_floats():
    words = np.array(["no", "no", "yes", "yes", "no", "no"])
    assert from_arrays("a", X, words).classes == ("no", "yes")
    assert from_arrays("a", X, words.astype("S3")).classes == ("no", "yes")
    assert from_arrays("a", X, Y[:, None]).classes == ("3", "7", "9")
    assert from_arrays("a", X, Y.astype(float)).classes == ("3", "7", "9")


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (X.reshape(6, -1), Y, r"images of shape \(6, 20\), expected \[n, H, W\]"),
        (X, Y[:5], r"labels of shape \(5,\) .* expected one label a sample"),
        (X, np.eye(6), r"one-hot labels save `y.argmax\(1\)`"),
        (X, Y + 0.5, "labels of type float64, expected whole numbers or text"),
        (X - 300.0, Y, r"pixels from -300 to .* Save `\(x - x.min"),
        (X * 1000.0, Y, "expected 0 .. 1 or 0 .. 255"),
        (np.where(X > 200, np.nan, X), Y, r"of 120 pixels are NaN or infinite"),
        (X.astype(complex), Y, "images of type complex128"),
        (X[:0], Y[:0], "hold no pixel"),
    ],
)
def test_refusals(x, y, text):
    with pytest.raises(BadFileError, match=f"^a: .*{text}"):
        from_arrays("a", x, y)


def test_one_class_and_a_lone_sample():
    with pytest.raises(RanvierError, match=r"a: one class only \('3'\), expected two or more"):
        from_arrays("a", X, 0 * Y + 3)
    with pytest.raises(RanvierError, match=r"too few samples in '8' \(1\)"):
        from_arrays("a", X, np.array([3, 3, 3, 7, 7, 8]))
