"""The f-I curve as drawn."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.instruments import FICurve
from ranvier.units import NAMED, cm, nA, uA


def curve(rates=(0.0, 10.0, 20.0), first=(0.0, 10.0, 20.0), unit=nA, kind="current", rheobase=0.5) -> FICurve:
    currents = np.array([0.0, 1.0, 2.0]) * unit
    return FICurve(
        currents,
        np.array(rates),
        np.array(first),
        np.array([np.nan, 0.1, 0.05]),
        np.array([0, 10, 20]),
        rheobase * unit,
        NAMED[kind],
    )


def test_rates_stand_over_the_current_in_its_unit() -> None:
    ax = rv.plot.fi_curve(curve())
    x, y = ax.lines[0].get_data()
    assert x == pytest.approx([0, 1, 2]) and y.tolist() == [0, 10, 20]
    assert ax.get_xlabel() == "input (nA)" and ax.get_ylabel() == "firing rate (Hz)" and ax.get_ylim() == (0, 21)
    assert [text.get_text() for text in ax.texts] == ["rheobase 0.5 nA"] and ax.get_legend() is None


def test_units_are_typeset() -> None:
    ax = rv.plot.fi_curve(curve(unit=uA / cm**2, kind="current/length^2", rheobase=2.24))
    assert ax.get_xlabel() == "input (µA/cm²)" and ax.texts[0].get_text() == "rheobase 2.24 µA/cm²"


def test_points_are_joined_in_the_order_of_the_currents() -> None:
    mixed = curve()
    back = FICurve(*(value[::-1] for value in (mixed.currents, mixed.rates, mixed.initial_rates, mixed.latencies, mixed.counts)),
                   mixed.rheobase, mixed.dimension)  # fmt: skip
    assert rv.plot.fi_curve(back).lines[0].get_ydata().tolist() == [0, 10, 20]


def test_adaptation_shows_both_rates() -> None:
    ax = rv.plot.fi_curve(curve(first=(0.0, 40.0, 60.0)))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["adapted", "first interval"]
    assert ax.get_ylim()[1] == pytest.approx(63)


def test_curves_are_compared_in_one_picture() -> None:
    ax = rv.plot.fi_curve(curve(), label="slow")
    rv.plot.fi_curve(curve(rates=(0.0, 50.0, 80.0), first=(0, 50, 80), rheobase=0.3), label="fast", ax=ax)
    slow, fast = (line for line in ax.lines if line.get_gid() == "series")
    assert slow.get_color() != fast.get_color() and ax.get_ylim()[1] >= 80
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast"]
    assert ax.texts[0].xyann[1] > ax.texts[1].xyann[1] + 8, "the names of the two rheobases stand under one another"


def test_a_silent_neuron_and_one_without_a_mark() -> None:
    ax = rv.plot.fi_curve(curve(rates=(0, 0, 0), first=(0, 0, 0), rheobase=np.nan))
    assert ax.get_ylim()[1] > 0 and not ax.texts
    assert not rv.plot.fi_curve(curve(), rheobase=False).texts
