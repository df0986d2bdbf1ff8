"""Rasters, traces, curves, histograms and the README picture, judged by what is drawn."""

import struct
import sys

import numpy as np
import pytest

from ranvier.plotting import style
from ranvier.plotting.curves import curves
from ranvier.plotting.facts import LayerFacts
from ranvier.plotting.raster import heatmap, raster
from ranvier.plotting.rates import rate_histograms
from ranvier.plotting.sample import hero, sample_figure
from ranvier.plotting.traces import Emphasis, traces


@pytest.fixture
def ax():
    return style.figure(2.0).add_axes((0.1, 0.1, 0.8, 0.8))


def test_raster_puts_a_spike_in_the_middle_of_its_step(ax):
    spikes = np.zeros((10, 4))
    spikes[3, 2] = 1
    assert raster(ax, spikes, dt=2e-3) == 4
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(x, [7.0])
    np.testing.assert_array_equal(y, [2])
    assert ax.get_xlim() == (0.0, 20.0)
    assert ax.get_ylim() == (-0.5, 3.5)


def test_raster_thins_large_populations_evenly(ax):
    assert raster(ax, np.ones((2, 1000)), dt=1e-3, rows=10) == 10
    assert set(ax.lines[0].get_ydata()) == set(np.linspace(0, 999, 10).round())


@pytest.mark.parametrize("shape", [(1, 1), (5, 0), (4, 2, 3, 3)])
def test_raster_of_odd_shapes(ax, shape):
    assert raster(ax, np.ones(shape), dt=1e-3) == int(np.prod(shape[1:]))


def test_signed_heatmap_is_transparent_at_zero(ax):
    heatmap(ax, np.array([[-1.0, 0.0, 2.0]]), dt=1e-3)
    image = ax.images[0]
    low, high = image.get_clim()
    assert low == -high
    assert image.to_rgba(np.array([0.0]))[0, 3] < 0.01


@pytest.mark.parametrize("values", [np.zeros((3, 2)), np.full((3, 2), np.nan), np.array([[np.inf, 1.0]])])
def test_heatmap_of_degenerate_values(ax, values):
    heatmap(ax, values, dt=1e-3)
    low, high = ax.images[0].get_clim()
    assert low < high


def test_traces_hold_the_last_value_and_name_the_emphasised(ax):
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    traces(ax, values, 1e-3, {1: Emphasis("winner", "red")})
    crowd, winner = ax.lines
    np.testing.assert_array_equal(winner.get_ydata(), [1.0, 3.0, 3.0])
    np.testing.assert_allclose(crowd.get_xdata(), [0.0, 1.0, 2.0])
    assert [text.get_text() for text in ax.texts] == ["winner"]
    np.testing.assert_array_equal(values, [[0.0, 1.0], [2.0, 3.0]])


def test_names_of_traces_do_not_overlap(ax):
    traces(ax, np.zeros((5, 3)), 1e-3, {n: Emphasis(str(n), "red") for n in range(3)})
    heights = sorted(text.xyann[1] for text in ax.texts)
    assert np.diff(heights).min() > 9.99


def test_curves_of_one_epoch_show_points():
    drawing = curves([{"epoch": 1, "loss": 0.5, "rates": {"a": 0.1}}], {"a": "red"}, floor=0.5)
    loss, accuracy, rates = drawing.axes
    assert loss.lines[0].get_marker() == "o"
    assert not accuracy.lines
    assert "not recorded" in [text.get_text() for text in accuracy.texts]
    np.testing.assert_array_equal(rates.lines[0].get_ydata(), [0.1])


def test_curves_leave_gaps_and_draw_the_floor():
    history = [{"epoch": e, "accuracy": value} for e, value in enumerate([0.1, float("nan"), float("inf"), 0.4])]
    accuracy = curves(history, {}, floor=0.3).axes[1]
    np.testing.assert_array_equal(accuracy.lines[0].get_ydata(), [0.1, np.nan, np.nan, 0.4])
    assert accuracy.lines[1].get_ydata()[0] == 0.3


def test_histograms_count_every_neuron_once():
    rates = np.r_[np.zeros(3), 0.01, 0.2, 0.9, 0.95, 1.0]
    layer = LayerFacts("hidden", len(rates), rates, 0.0, 0.0, 0.0, 0)
    drawing = rate_histograms([layer], {"hidden": "red"})
    assert drawing is not None
    assert sum(bar.get_height() for bar in drawing.axes[0].patches) == len(rates)


def test_no_histogram_without_spiking_layers():
    assert rate_histograms([LayerFacts("out", 2, np.zeros(0), 0.0, 0.0, 0.0, 0)], {}) is None


def test_sample_panels_share_the_time_axis(make_sample):
    trace = make_sample()
    axes = sample_figure(trace, ("zero", "one", "two"), style.colours(trace.rasters)).axes
    assert len(axes) == 6
    assert {ax.get_xlim() for ax in axes} == {(0.0, 30.0)}
    assert {(ax.get_position().x0, ax.get_position().x1) for ax in axes} == {
        (axes[0].get_position().x0, axes[0].get_position().x1)
    }


@pytest.mark.parametrize("changes", [{}, {"picture": None}, {"picture_kind": "image"}, {"rasters": {}}])
def test_hero_is_1600_pixels_wide(make_sample, tmp_path, changes):
    path = tmp_path / "hero.png"
    hero(make_sample(**changes), path, ("zero", "one", "two"))
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", header[16:20])[0] == 1600


def test_svg_follows_the_theme_and_keeps_text():
    with style.context():
        drawing = style.figure(1.0)
        style.tidy(drawing.add_subplot(), "Title & <more>", "note")
        text = style.svg(drawing, "one", 'a "picture"')
    assert "var(--ink)" in text and style.LIGHT.ink not in text
    assert "Title &amp; &lt;more&gt;" in text
    assert 'aria-label="a &quot;picture&quot;"' in text
    assert 'id="one-' in text


def test_labels_are_shortened_to_one_line():
    assert style.shorten("two\n lines") == "two lines"
    assert style.shorten("a" * 30, 10) == "a" * 9 + "…"


def test_pyplot_is_never_imported():
    import subprocess

    code = "import sys, ranvier.plotting.report; assert 'matplotlib.pyplot' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
