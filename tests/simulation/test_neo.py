"""Runs as Neo segments."""

import sys

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import RanvierError


def run() -> tuple[rv.simulation.Run, rv.simulation.Population]:
    net = rv.Network(dt=1e-3)
    source = net.add(3, rv.SpikeSource([0.0105, 0.0205, 0.0301], [0, 2, 2]), "source")
    cells = net.add(2, rv.LIF(), "cells")
    net.connect(source, cells, weight=0.1)
    net.record(cells, "v", every=2e-3)
    return net.run(0.04), source


def test_trains_and_signals_are_those_of_the_run() -> None:
    found, source = run()
    segment = found.to_neo()
    assert [len(t) for t in segment.spiketrains] == [1, 0, 2, 0, 0]
    last = segment.spiketrains[2]
    np.testing.assert_allclose(last.rescale("s").magnitude, [0.021, 0.031])
    assert (last.annotations["population"], last.annotations["neuron"]) == (source.name, 2)
    (signal,) = segment.analogsignals
    assert signal.shape == (20, 2) and float(signal.t_start) == pytest.approx(2e-3)


def test_without_neo_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neo", None)
    found, _ = run()
    with pytest.raises(RanvierError, match="neuro"):
        found.to_neo()
