"""Traub-Miles: Brian2's spikes and potentials, its gates at the start, refusals."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ranvier.equations import ExponentialEuler
from ranvier.neurons import TraubMiles
from ranvier.units import ms, mV, nA

STORED = np.load(Path(__file__).parents[1] / "references" / "traub_miles.npz")
STEPS = 1000


def test_spikes_and_potentials_are_those_of_brian2() -> None:
    cell = TraubMiles(dt=0.1 * ms, integrator=ExponentialEuler(), backend="eager")
    current = torch.from_numpy(STORED["currents"]) * nA
    run = cell.run(current.expand(STEPS, 1, -1), record=("v",))
    steps, _, neurons = run.output.nonzero(as_tuple=True)
    for k in range(4):
        theirs = STORED["steps"][STORED["neurons"] == k]
        np.testing.assert_array_equal(steps[neurons == k], theirs[theirs < STEPS])
    # Brian2 records before a step what is here after the one before.
    v = run.records["v"][9:-1:10, 0].T
    np.testing.assert_allclose(v, STORED["v"][:, 1 : STEPS // 10], atol=2e-6)


def test_gates_start_settled() -> None:
    cell = TraubMiles()
    state = cell.initial_state((1,))
    m, h, n = (float(state[k]) for k in "mhn")
    # at u = 3: rates written out by hand
    a, b = 0.32 * 10 / (np.exp(10 / 4) - 1), 0.28 * -37 / (np.exp(-37 / 5) - 1)
    assert m == pytest.approx(a / (a + b), rel=1e-5)
    a, b = 0.128 * np.exp(14 / 18), 4 / (1 + np.exp(37 / 5))
    assert h == pytest.approx(a / (a + b), rel=1e-5)
    a, b = 0.032 * 12 / (np.exp(12 / 5) - 1), 0.5 * np.exp(7 / 40)
    assert n == pytest.approx(a / (a + b), rel=1e-5)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="TraubMiles: dt must not exceed 0.1 ms, got dt=0.0002 s"):
        TraubMiles(dt=0.2 * ms)
    with pytest.raises(ValueError, match="TraubMiles: v_rearm must lie below v_threshold"):
        TraubMiles(v_rearm=-10 * mV)
