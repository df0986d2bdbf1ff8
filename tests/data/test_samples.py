import numpy as np
import pytest

from ranvier.data.samples import Samples, check_classes
from ranvier.errors import RanvierError


def test_parts_must_be_equally_long():
    with pytest.raises(ValueError, match="must be equally long, got .*'y': 3"):
        Samples("a", "sound", [np.zeros(3, np.float32)] * 2, np.zeros(3, np.int64), ("a",), ("0", "1"), rate=8000)


def test_long_lists_are_cut_in_the_summary():
    n = 60
    samples = Samples(
        name="many",
        kind="image",
        x=np.zeros((n, 3, 4, 5), np.float32),
        y=np.arange(n) // 2,
        classes=tuple(f"c{k}" for k in range(30)),
        names=tuple(map(str, range(n))),
        skipped=tuple((f"f{k}", "bad") for k in range(25)),
    )
    text = samples.summary()
    assert "many: 60 images, 30 classes" in text and "c19 (2), ... and 10 more" in text
    assert "size: 5 x 4 pixels, RGB" in text and "  f19: bad\n  ... and 5 more" in text
    assert "speakers" not in text


def test_check_classes():
    assert check_classes("a", ("x", "y"), np.array([0, 0, 1, 1])) is None
    with pytest.raises(RanvierError, match="a: no class, expected two or more"):
        check_classes("a", (), np.array([], np.int64))
