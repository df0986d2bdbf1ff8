"""The rule of Diehl and Cook, its normalisation, and the threshold that goes with it."""

import numpy as np
import pytest
import torch
from tests.plasticity.protocol import single

import ranvier as rv
from ranvier.plasticity import DiehlCookSTDP
from ranvier.units import ms, mV, nS


def test_golden_synapse():
    """The first postsynaptic spike brings nothing: there was none before it."""
    assert single(DiehlCookSTDP(), [5, 20], [10, 30], 40, 0.2).weight.item() == pytest.approx(0.2036181413, abs=5e-11)
    assert single(DiehlCookSTDP(nu_pre=0.0), [5, 20], [10], 40, 0.2).weight.item() == 0.2


@pytest.mark.thorough
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 2e-9), (torch.float32, 6e-5)])
def test_the_threshold_rises_with_spikes_and_falls_as_far_as_the_numbers_can_hold_it(dtype, error):
    """In 0.5 s theta falls by 5e-5 of itself. In float32 a step's fall of 5e-8 is rounded, up to 6e-8: here theta falls twice as far; the rises are right."""
    net = rv.Network(dt=0.5 * ms, seed=1, dtype=dtype)
    cells = net.add(2, rv.DiehlCookLIF.excitatory(), "cells")
    source = net.add(1, rv.SpikeSource([0.0, 0.02, 0.04]))
    net.connect(source, cells, rv.Pairs([0], [0]), weight=20 * nS)
    net.record(cells, "theta")
    run = net.run(0.5)
    theta = run.trace(cells, "theta")[1][-1].astype(np.float64)
    fired = len(run.spikes(cells)[0])
    assert fired >= 3
    assert theta[0] - theta[1] == pytest.approx(fired * 0.05 * mV, rel=1e-4)
    assert 1 - theta[1] / (20 * mV) == pytest.approx(5e-5, abs=error)
