"""A liquid as drawn."""

import numpy as np
import pytest
from matplotlib import pyplot

import ranvier as rv
from ranvier.reservoirs.wiring import column


def test_neurons_and_the_strongest_synapses_are_drawn_in_space() -> None:
    wiring = column((4, 3, 3), np.random.default_rng(0))
    ax = rv.plot.liquid(wiring, most=20)
    lines = [c for c in ax.collections if hasattr(c, "_segments3d")]
    dots = [c for c in ax.collections if hasattr(c, "_offsets3d")]
    assert sum(len(c._segments3d) for c in lines) == 20
    assert [len(c._offsets3d[0]) for c in dots] == [29, 7]
    excitatory = [t.get_text() for t in ax.get_legend().get_texts()]
    assert excitatory == ["excitatory", "inhibitory"]
    ax.get_figure().canvas.draw()


def test_a_liquid_without_synapses_is_drawn_in_the_callers_axes() -> None:
    wiring = column((2, 2, 1), np.random.default_rng(0), inhibitory=0.0, probability=(0.0,) * 4)
    space = pyplot.figure().add_subplot(projection="3d")
    assert rv.plot.liquid(wiring, ax=space) is space and len(space.collections) == 1
    with pytest.raises(ValueError, match="ax must have three dimensions"):
        rv.plot.liquid(wiring, ax=pyplot.figure().add_subplot())
