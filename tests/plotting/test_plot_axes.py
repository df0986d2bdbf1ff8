"""What the public plots share: axes in or made, colours for every eye, examples that run."""

import doctest
import importlib
import itertools

import numpy as np
import pytest
from matplotlib import pyplot, rcParams
from matplotlib.colors import to_rgb

import ranvier as rv
from ranvier.plotting.axes import COLOURS, axes, legend_above, next_colour

# Linear RGB as a dichromat sees it. Source: Machado, Oliveira and Fernandes (2009), table of severity 1.0.
DICHROMATS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB, D65."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", DICHROMATS)
def test_the_colours_of_curves_differ_for_every_eye(eye: str) -> None:
    """The first four, which nearly every plot does with, are far apart; about 2 is just noticeable."""
    seen = [lab(np.clip(np.array(DICHROMATS[eye]) @ np.array(to_rgb(c)) ** 2.2, 0, 1)) for c in COLOURS[:4]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 10


def test_axes_are_made_or_taken() -> None:
    with axes(None, 3.0, 2.0) as made:
        assert rcParams["font.size"] == 8.0
    assert made.figure is pyplot.gcf() and tuple(made.figure.get_size_inches()) == (3.0, 2.0)
    size, count = rcParams["font.size"], len(pyplot.get_fignums())
    own = pyplot.figure().add_subplot()
    with axes(own) as taken:
        assert rcParams["font.size"] == size
    assert taken is own and len(pyplot.get_fignums()) == count + 1


def test_spines_are_two_and_thin() -> None:
    with axes(None) as ax:
        pass
    visible = {side: spine.get_linewidth() for side, spine in ax.spines.items() if spine.get_visible()}
    assert set(visible) == {"left", "bottom"} and max(visible.values()) < 1


def test_each_curve_takes_the_next_colour_and_a_legend_needs_a_label() -> None:
    with axes(None) as ax:
        legend_above(ax)
        assert ax.get_legend() is None
        for expected in COLOURS[1:4]:
            assert next_colour(ax, first=1) == expected
            ax.plot([0, 1], gid="series")


@pytest.mark.parametrize("name", rv.plot.__all__)
def test_every_plot_has_an_example_that_runs(name: str) -> None:
    assert getattr(rv.plot, name).__doc__
    done = doctest.testmod(importlib.import_module(getattr(rv.plot, name).__module__))
    assert done.attempted > 0 and done.failed == 0
