import numpy as np
import pytest

from ranvier.plotting import style
from ranvier.plotting.confusion import Confused, confusion_matrix, most_confused, precision, recall

COUNTS = np.array([[8, 2, 0], [0, 0, 0], [1, 0, 3]])


def test_recall_and_precision():
    np.testing.assert_allclose(recall(COUNTS), [0.8, np.nan, 0.75])
    np.testing.assert_allclose(precision(COUNTS), [8 / 9, 0.0, 1.0])


def test_most_confused_come_first():
    assert most_confused(COUNTS) == [Confused(0, 1, 2, 0.2), Confused(2, 0, 1, 0.25)]
    assert most_confused(COUNTS, limit=1) == [Confused(0, 1, 2, 0.2)]


def test_nothing_confused():
    assert most_confused(np.diag([3, 4])) == []


@pytest.mark.parametrize("size", [2, 25, 26, 100])
def test_figure_fits_the_page(size):
    with style.context():
        drawing = confusion_matrix(np.ones((size, size), int), [f"class {i}" for i in range(size)])
    assert drawing.get_figwidth() <= style.WIDTH + 1e-6
    numbers = [text.get_text() for text in drawing.axes[0].texts]
    assert numbers.count("1") == (size * size if size <= 25 else 0)


def test_counts_are_left_as_they_were():
    before = COUNTS.copy()
    confusion_matrix(COUNTS, "abc")
    np.testing.assert_array_equal(COUNTS, before)
