"""Accuracy against steps."""

import numpy as np

import ranvier as rv
from ranvier.conversion import AccuracyOverSteps


def found(steps: int, source: float = 0.95) -> AccuracyOverSteps:
    accuracy = source * (1 - 0.5 ** np.arange(1, steps + 1))
    return AccuracyOverSteps(accuracy, accuracy, source, 100, {})


def test_the_curve_the_source_and_powers_of_two() -> None:
    ax = rv.plot.accuracy_over_steps(found(20))
    curve, source = ax.lines
    assert curve.get_xdata().tolist() == list(range(1, 21)) and curve.get_marker() == "o"
    np.testing.assert_allclose(curve.get_ydata(), found(20).accuracy)
    assert source.get_ydata()[0] == 0.95 and ax.texts[0].get_text() == "source 95.00 %"
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "1",
        "2",
        "4",
        "8",
        "16",
    ] and ax.get_xscale() == "log"
    assert ax.get_ylabel() == "accuracy (%)" and ax.get_legend() is None


def test_conversions_beside_each_other() -> None:
    ax = rv.plot.accuracy_over_steps(found(100), label="soft", source=False)
    rv.plot.accuracy_over_steps(found(8), label="hard", source=False, ax=ax)
    assert len(ax.lines) == 2 and not ax.texts and ax.lines[0].get_marker() in ("", "None")
    assert ax.lines[0].get_color() != ax.lines[1].get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["soft", "hard"]
    assert list(ax.xaxis.get_majorticklocs())[-1] == 64
